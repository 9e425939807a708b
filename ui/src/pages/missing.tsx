/** What stands at an address that leads nowhere, with the nearest places that exist. */

import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { assetsQuery, searchQuery } from "../api/queries";
import { nearest } from "../filter/parse";
import { Key } from "../parts/controls";
import { PLACES } from "../shell/hotkeys";
import { Title } from "../shell/title";

/** An unknown address. */
export default function Missing() {
  const { pathname } = useLocation();
  const word = pathname.split("/").filter(Boolean).at(-1) ?? "";
  const place = nearest(pathname, PLACES.map((candidate) => candidate.path));
  return <NotFound what="page" name={pathname} search={word} places={place ? PLACES.filter((candidate) => candidate.path === place) : [...PLACES].slice(0, 4)} />;
}

interface NotFoundProps {
  what: string;
  name: string;
  search?: string;
  places?: readonly { path: string; name: string }[];
}

/** An unknown thing: says so, and names the nearest ones. */
export function NotFound({ what, name, search = name, places = [] }: NotFoundProps) {
  const wanted = search.split("/").at(-1) ?? search;
  const found = useQuery(searchQuery(wanted.slice(0, 40)));
  const assets = useQuery({ ...assetsQuery, enabled: what === "asset" || what === "page" });
  const near = nearest(search, assets.data?.keys ?? []) ?? nearest(wanted, (assets.data?.keys ?? []).map((key) => key.split("/").at(-1) ?? key));
  const nearKey = assets.data?.keys.find((key) => key === near || key.endsWith(`/${near}`));
  const hits = [...(nearKey ? [{ kind: "asset", title: nearKey, detail: "nearest asset", href: `/a/${nearKey}` }] : []), ...(found.data ?? [])].slice(0, 6);
  return (
    <div className="section missing">
      <Title name={`No ${what} here`} headline>There is no {what} <span className="mono">{name}</span></Title>
      <p className="lede">{hits.length > 0 || places.length > 0 ? "The nearest that exist:" : "It may have been removed, or the address is wrong."}</p>
      <ul className="missing-list">
        {places.map((place) => <li key={place.path}><Link to={place.path} className="link">{place.name}</Link></li>)}
        {hits.map((hit) => <li key={hit.kind + hit.href + hit.title}><Link to={hit.href} className="link"><Key name={hit.title} /></Link> <span className="faint">{hit.detail}</span></li>)}
      </ul>
      <Link to="/" className="btn">Go to Now</Link>
    </div>
  );
}
