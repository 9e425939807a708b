/** All checks of all assets: which fail, since when, and what they say. */

import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { CheckRow } from "../api/generated";
import { checksQuery } from "../api/queries";
import { matches } from "../filter/match";
import { parseFilter } from "../filter/parse";
import { plural } from "../format/number";
import { checkState } from "../format/run";
import { FilterBar } from "../list/filterbar";
import { type Column, Grid } from "../list/grid";
import { Broken, Empty, Key, Skeleton } from "../parts/controls";
import { Glyph } from "../parts/glyph";
import { CheckStrip } from "../parts/checkstrip";
import { Time } from "../parts/time";
import { Title } from "../shell/title";

const ORDER: Record<string, number> = { failed: 0, running: 1, missing: 2, passed: 3 };
const FIELDS = ["state", "asset", "name", "severity", "blocking"] as const;
const WORDS: Record<string, string> = { passed: "Passed", failed: "Failed", running: "Running", missing: "Never run" };

/** The page. */
export default function Checks() {
  const search = useSearch({ from: "/checks" });
  const navigate = useNavigate({ from: "/checks" });
  const query = useQuery(checksQuery);
  const filter = search.q ?? "";
  const setFilter = useCallback((q: string) => void navigate({ search: (old) => ({ ...old, q: q || undefined }), replace: true }), [navigate]);
  const rows = useMemo(() => {
    const result = parseFilter(filter);
    const fit = (query.data ?? []).filter((check) => !result.ok || matches(result.filter, {
      fields: { state: [check.status], asset: [check.assetKey], name: [check.name], severity: [check.severity], blocking: [check.blocking ? "yes" : "no"] },
      text: `${check.assetKey} ${check.name} ${check.description ?? ""} ${check.message ?? ""}`,
    }));
    return fit.toSorted((left, right) => (ORDER[left.status] ?? 9) - (ORDER[right.status] ?? 9) || left.assetKey.localeCompare(right.assetKey) || left.name.localeCompare(right.name));
  }, [query.data, filter]);
  const columns = useMemo((): Column<CheckRow>[] => [
    { id: "state", header: "State", quiet: true, width: "20px", cell: (check) => <Glyph state={check.status === "failed" && check.severity === "warn" ? "late" : checkState(check.status)} word={WORDS[check.status] ?? check.status} /> },
    { id: "asset", header: "Asset", width: "minmax(160px, 1fr)", cell: (check) => <Link to="/a/$" params={{ _splat: check.assetKey }} search={{ tab: "checks" }} tabIndex={-1}><Key name={check.assetKey} /></Link> },
    { id: "name", header: "Check", width: "minmax(140px, .8fr)", cell: (check) => check.name },
    { id: "says", header: "Says", width: "minmax(160px, 1.6fr)", cell: (check) => <span className="muted" title={check.message ?? check.description ?? ""}>{check.message ?? check.description}</span> },
    { id: "severity", header: "Severity", width: "112px", cell: (check) => <span className="muted">{check.severity}{check.blocking ? ", blocks" : ""}</span> },
    { id: "history", header: "History", width: "120px", cell: (check) => <CheckStrip history={check.history} name={check.name} /> },
    { id: "since", header: "Since", width: "72px", align: "end", cell: (check) => <span className="muted"><Time at={check.since} /></span> },
    { id: "evaluated", header: "Evaluated", width: "72px", align: "end", cell: (check) => <span className="muted"><Time at={check.evaluatedAt} /></span> },
  ], []);
  const failing = (query.data ?? []).filter((check) => check.status === "failed").length;
  return (
    <div className="split">
      <header className="page-head"><Title name="Checks" /><p className="lede head-note">{query.data && (failing === 0 ? `${plural(query.data.length, "check")}, none fails` : `${plural(failing, "check")} of ${query.data.length} fail${failing === 1 ? "s" : ""}`)}</p></header>
      <FilterBar value={filter} onChange={setFilter} fields={FIELDS} label="Filter checks" placeholder="Filter checks: state:failed, asset:raw/*, severity:error, words" />
      <section className="pane-grid" aria-label="Check list">
        {query.isError && !query.data ? <Broken what="The checks" error={query.error} onRetry={() => void query.refetch()} /> : query.isPending ? <Skeleton rows={10} /> : (
          <Grid label="Checks" rows={rows} columns={columns} rowId={(check) => `${check.assetKey} ${check.name}`} testId="checks"
            onOpen={(check) => void navigate({ to: "/a/$", params: { _splat: check.assetKey }, search: { tab: "checks" } })}
            phoneRow={(check) => <><Glyph state={checkState(check.status)} word={WORDS[check.status] ?? ""} /><div className="grow"><div className="cut"><Key name={check.assetKey} /> {check.name}</div><div className="cut muted t12">{check.message ?? check.description}</div></div></>}
            empty={<Empty title={filter ? "No check matches" : "No checks are defined"}>{filter && <button type="button" className="btn" onClick={() => setFilter("")}>Clear the filter</button>}</Empty>} />
        )}
      </section>
    </div>
  );
}
