import { render } from "katex";

declare global {
  interface ImportMetaEnv {
    /** The address of KaTeX's style sheet, known when the page is built. */
    readonly FORMULA_STYLES: string;
    /** The address of the worker that reads PDF files. */
    readonly PDF_WORKER: string;
  }
}

const styles = new Promise<void>((resolve) => {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = import.meta.env.FORMULA_STYLES;
  // Without them a formula is ugly, not lost.
  for (const end of ["load", "error"]) link.addEventListener(end, () => resolve());
  document.head.append(link);
});

/**
 * Draws a formula into an element, node by node. What is wrong in it shows in red, and no macro may
 * load anything or make a link.
 */
export async function drawFormula(into: HTMLElement, formula: string, display: boolean): Promise<void> {
  await styles;
  render(formula, into, {
    displayMode: display,
    throwOnError: false,
    strict: false,
    maxExpand: 200,
    maxSize: 20,
  });
}
