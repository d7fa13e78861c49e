/** Where a page may load from: our own origin, and nothing inline unless `directives` says so. */
function policy(directives: Record<string, string>): string {
  const all: Record<string, string> = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    ...directives,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
}

const COMMON = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

/**
 * For the page, which shows what a model says and so handles hostile text all day: `trusted types`
 * makes the browser itself refuse any string that is about to become markup.
 */
export const PAGE_SECURITY = {
  ...COMMON,
  "content-security-policy": policy({
    "font-src": "'self'",
    "worker-src": "'self'",
    "require-trusted-types-for": "'script'",
    // The one policy turns the address of the page's own worker into one that may be started.
    "trusted-types": "worker",
  }),
};

/** For the API reference, whose viewer writes markup itself. */
export const REFERENCE_SECURITY = { ...COMMON, "content-security-policy": policy({}) };

/** For files that are no pages: opened on their own they may do nothing. */
export const FILE_SECURITY = {
  ...COMMON,
  "content-security-policy": "default-src 'none'; sandbox",
};

/**
 * For scripts: what a worker may do, its own file says, and the page's worker reads files that may be
 * hostile. It loads its other half, and reaches nothing.
 */
export const WORKER_SECURITY = {
  ...COMMON,
  "content-security-policy": "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'",
};
