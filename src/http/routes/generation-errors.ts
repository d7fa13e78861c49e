/** How every endpoint that generates text fails, for the API reference. */
export const GENERATION_ERRORS = {
  400: "A wrong or unsupported field, or a prompt that does not fit into the context",
  404: "No such deployment",
  429: "Too many requests are waiting already; `Retry-After` says when to come back",
  503: "The model is loading, or its engine was lost; `Retry-After` says when to come back",
};
