/** The panel of facets: counts from the server, each value wished for or excluded. */

import type { ReactNode } from "react";
import { facetMark, setFacet } from "../filter/edit";

/** One value of a facet. */
export interface FacetValue {
  value: string;
  text: ReactNode;
  count: number;
}

/** Values of one field. */
export interface Facet {
  field: string;
  title: string;
  values: readonly FacetValue[];
}

/** Click wishes for a value, Alt-click (or a second click) excludes it, a third forgets it. */
export function Facets({ facets, filter, onFilter }: { facets: readonly Facet[]; filter: string; onFilter: (text: string) => void }) {
  return (
    <aside className="facets" aria-label="Facets">
      {facets.map((facet) =>
        facet.values.length === 0 ? null : (
          <section key={facet.field}>
            <h2>{facet.title}</h2>
            {facet.values.map((item) => {
              const mark = facetMark(filter, facet.field, item.value);
              const next = mark === "none" ? "in" : mark === "in" ? "out" : "none";
              return (
                <button
                  key={item.value}
                  type="button"
                  className={mark === "out" ? "facet is-excluded" : "facet"}
                  aria-pressed={mark === "in"}
                  title={mark === "none" ? "Only these; Alt excludes" : mark === "in" ? "Exclude these" : "All again"}
                  onClick={(event) => onFilter(setFacet(filter, facet.field, item.value, event.altKey && mark !== "out" ? "out" : next))}
                >
                  {item.text}
                  {mark === "out" && <span className="sr">excluded</span>}
                  <b>{item.count}</b>
                </button>
              );
            })}
          </section>
        ),
      )}
    </aside>
  );
}
