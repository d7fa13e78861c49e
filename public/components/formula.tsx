import { useEffect, useRef } from "preact/hooks";

/** A formula; until its own chunk has come, and where it fails, its source. */
export function Formula({ source, display }: { source: string; display: boolean }) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let gone = false;
    void import("../formulas.ts").then(
      ({ drawFormula }) => {
        const into = place.current;
        if (!gone && into) return drawFormula(into, source, display);
      },
      // The server is away: the source stays.
      () => {},
    );
    return () => void (gone = true);
  }, [source, display]);
  return (
    <span class={display ? "formula display" : "formula"}>
      {/* Keyed, so that what KaTeX draws is never taken for a node of ours. */}
      <span key={`${display}${source}`} ref={place}>
        {source}
      </span>
    </span>
  );
}
