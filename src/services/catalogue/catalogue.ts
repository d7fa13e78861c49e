import type { CatalogueFile, CatalogueModel } from "./catalogue-model.ts";
import { GENERAL_MODELS } from "./general-models.ts";
import { LARGE_MODELS } from "./large-models.ts";
import { CODE_MODELS, SEARCH_MODELS } from "./special-models.ts";

/** Every model there is something known of without its file. */
export const CATALOGUE: readonly CatalogueModel[] = [
  ...GENERAL_MODELS,
  ...LARGE_MODELS,
  ...CODE_MODELS,
  ...SEARCH_MODELS,
];

/** What to give to `POST /deploy` for a file of a model. */
export const deployName = ({ repository }: CatalogueModel, { quantisation, path }: CatalogueFile): string =>
  path === undefined ? `${repository}:${quantisation}` : `${repository}/${path}`;
