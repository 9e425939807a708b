/** The shell: top bar, rail, banners, the page, the launch sheet. It stands whatever happens inside it. */

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate, useRouterState } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { logout } from "../api/client";
import { shellQuery } from "../api/queries";
import type { ErrorInfo } from "../api/shapes";
import { plural } from "../format/number";
import { clock, clockSeconds, currentZone, setZone, subscribeZone, zoneLabel } from "../format/time";
import { useConnection } from "../live/connection";
import { Glyph } from "../parts/glyph";
import { Icon, Mark, Sprite } from "../parts/icons";
import { Menu, type MenuItem, Panel, Toasts } from "../parts/controls";
import { placeOf, rootError } from "../parts/stack";
import { CommandField } from "./command";
import { PLACES, useHotkeys } from "./hotkeys";
import { useLaunch } from "./launch-store";
import { type Theme, useSettings } from "./settings";
import { Shortcuts } from "./shortcuts";
import { wantTitleFocus } from "./title";

const LaunchSheet = lazy(() => import("../pages/launch"));

/** The frame around every page. */
export function App() {
  const { pathname } = useLocation();
  const navigate = useNavigate();
  const [searching, setSearching] = useState(false);
  const [helping, setHelping] = useState(false);
  const connection = useConnection();
  const launch = useLaunch();
  const zone = useSyncExternalStore(subscribeZone, currentZone);
  useHotkeys({
    go: (path) => void navigate({ to: path }),
    search: () => setSearching(true),
    help: () => setHelping(true),
  });
  // The page on screen, not the one asked for: the old page stays until the new one is there.
  const shown = useRouterState({ select: (state) => state.resolvedLocation?.pathname ?? state.location.pathname });
  const before = useRef(pathname);
  if (before.current !== pathname) {
    before.current = pathname;
    wantTitleFocus();
  }
  useEffect(() => {
    if (connection.login && pathname !== "/login") void navigate({ to: "/login", search: { next: pathname } });
  }, [connection.login, pathname, navigate]);

  if (pathname === "/login") {
    return (
      <>
        <Sprite />
        <Outlet />
      </>
    );
  }
  return (
    <>
      <Sprite />
      <a className="skip" href="#main">Skip to content</a>
      <div className="shell">
        <TopBar onSearch={() => setSearching(true)} onHelp={() => setHelping(true)} />
        <Rail />
        <div className="stage">
          <main id="main" tabIndex={-1} className={connection.phase === "lost" ? "is-stale-data" : undefined}>
            <StaleNotice />
            <FailingNotice />
            <HoldBanner />
            <LocationBanner />
            <Panel key={`${shown} ${zone}`} what="This page">
              <Outlet />
            </Panel>
          </main>
          {launch && (
            <Panel what="The launch sheet">
              <Suspense fallback={null}>
                <LaunchSheet target={launch} />
              </Suspense>
            </Panel>
          )}
        </div>
      </div>
      <CommandField open={searching} onClose={() => setSearching(false)} />
      <Shortcuts open={helping} onClose={() => setHelping(false)} />
      <Toasts />
    </>
  );
}

function TopBar({ onSearch, onHelp }: { onSearch: () => void; onHelp: () => void }) {
  const shell = useQuery(shellQuery);
  const zone = shell.data?.deployment.timezone;
  useEffect(() => {
    // The browser's own zone is used unless it hides it; then the server's.
    if (new Intl.DateTimeFormat().resolvedOptions().timeZone === "UTC" && zone) setZone(zone);
  }, [zone]);
  const attention = shell.data?.now.attention.length ?? 0;
  return (
    <header className="topbar">
      <div className="row brand-row">
        <Link to="/" className="brand"><Mark />Rostrum</Link>
        {shell.data && <span className="env">{shell.data.deployment.name}</span>}
      </div>
      <button type="button" className="command" aria-keyshortcuts="Control+K" onClick={onSearch}>
        <Icon name="search" />
        <span>Search or run…</span>
        <kbd>Ctrl K</kbd>
      </button>
      <div className="topbar-end">
        <LiveDot />
        <span className="zone">{zoneLabel(Date.now())}</span>
        <button type="button" className="btn btn-quiet btn-icon phone-only" aria-label="Search" onClick={onSearch}><Icon name="search" /></button>
        <Link to="/" className="bell" aria-label={attention === 0 ? "Nothing needs attention" : `${plural(attention, "thing")} ${attention === 1 ? "needs" : "need"} attention`}>
          <Icon name="bell" />
          {attention > 0 && <b>{attention}</b>}
        </Link>
        <Account name={shell.data?.deployment.user?.name} canLogOut={shell.data?.deployment.loginRequired ?? false} version={shell.data?.deployment.version} onHelp={onHelp} />
      </div>
    </header>
  );
}

function Account({ name, canLogOut, version, onHelp }: { name: string | undefined; canLogOut: boolean; version: string | undefined; onHelp: () => void }) {
  const [settings, change] = useSettings();
  const navigate = useNavigate();
  const themes: [Theme, string][] = [["system", "Theme of the system"], ["light", "Light"], ["dark", "Dark"]];
  const items: MenuItem[] = [
    ...themes.map(([theme, text]): MenuItem => ({ text, checked: settings.theme === theme, onPick: () => change({ theme }) })),
    { text: settings.density === "compact" ? "Higher rows" : "Compact rows", onPick: () => change({ density: settings.density === "compact" ? "normal" : "compact" }) },
    { text: "Shortcuts", onPick: onHelp },
    { text: `System${version ? `, version ${version}` : ""}`, onPick: () => void navigate({ to: "/system" }) },
  ];
  if (canLogOut) items.push({ text: "Log out", onPick: () => void logout().then(() => window.location.assign("/login")) });
  const initials = (name ?? "local").split(/[\s_-]+/).map((part) => part[0] ?? "").join("").slice(0, 2).toUpperCase();
  return <Menu label={`${initials}, account ${name ?? "local"}`} className="avatar" items={items}>{initials}</Menu>;
}

function LiveDot() {
  const { phase, asOf } = useConnection();
  return (
    <span className={phase === "lost" ? "live is-stale" : phase === "live" ? "live" : "live is-waiting"} role="status" data-testid="live">
      {phase === "live" ? "Live" : phase === "lost" ? `as of ${clock(asOf)}` : "Connecting"}
    </span>
  );
}

function Rail() {
  const { pathname } = useLocation();
  const here = (path: string) => {
    if (path === "/") return pathname === "/";
    if (path === "/runs") return pathname.startsWith("/runs") || pathname.startsWith("/r/") || pathname.startsWith("/b/");
    if (path === "/assets") return pathname.startsWith("/assets") || pathname.startsWith("/a/");
    return pathname.startsWith(path);
  };
  return (
    <nav className="rail" aria-label="Main">
      {PLACES.map((place) => (
        <Link
          key={place.path}
          to={place.path}
          title={`${place.name}  (g ${place.key})`}
          aria-current={here(place.path) ? "page" : undefined}
          className={place.path === "/checks" || place.path === "/system" ? "more" : undefined}
        >
          <Icon name={place.icon} />
          <span aria-hidden="true">{place.short}</span>
          <span className="sr">{place.name}</span>
        </Link>
      ))}
    </nav>
  );
}

function StaleNotice() {
  const { phase, asOf } = useConnection();
  if (phase !== "lost") return null;
  return (
    <div className="notice is-stale-notice" role="status" data-testid="stale">
      <i className="ring" aria-hidden="true" />
      as of {clockSeconds(asOf)}, reconnecting
    </div>
  );
}

/** Data in sight that could not be renewed while the server is there: it stays, and that is told. */
function FailingNotice() {
  const client = useQueryClient();
  const { phase } = useConnection();
  const cache = client.getQueryCache();
  const failing = useSyncExternalStore(
    (changed) => cache.subscribe(changed),
    () => cache.getAll().find((query) => query.isActive() && query.state.status === "error" && query.state.data !== undefined),
  );
  if (!failing || phase === "lost") return null;
  const { error, dataUpdatedAt } = failing.state;
  return (
    <div className="notice" role="status" data-testid="failing">
      <Glyph state="late" word="Warning" />
      <span className="grow cut">as of {clockSeconds(dataUpdatedAt)}; renewing failed: {error instanceof Error ? error.message : String(error)}</span>
      <button type="button" className="underlined" onClick={() => void client.refetchQueries({ predicate: (query) => query.isActive() && query.state.status === "error" })}>Try again</button>
    </div>
  );
}

/** `: SyntaxError at shop.py:12`, or the first line of what is wrong where no line of the person's code is to blame. */
function whatAndWhere(error: ErrorInfo | null): string {
  if (!error) return "";
  const root = rootError(error);
  const frame = root.frames?.findLast((candidate) => candidate.user);
  if (frame) return `: ${root.class_name} at ${placeOf(frame)}`;
  return `: ${(error.message.split("\n")[0] ?? "").replace(/[.:]$/, "")}`;
}

/** Nothing starts while somebody holds the queue: told on every page, since everybody waits. */
function HoldBanner() {
  const hold = useQuery(shellQuery).data?.queue.hold;
  const { pathname } = useLocation();
  if (!hold || pathname === "/system") return null;
  return (
    <div className="notice" role="status" data-testid="hold-banner">
      <Glyph state="late" word="Warning" />
      <span className="grow cut"><b>The queue is on hold{hold.by && ` by ${hold.by}`}.</b> No run starts since {clock(Date.parse(hold.at))}; those in progress go on.</span>
      <Link to="/system" className="underlined">Open the queue</Link>
    </div>
  );
}

/** A code location that does not load is told on every page: what is missing may be missing because of it. */
function LocationBanner() {
  const shell = useQuery(shellQuery);
  const { pathname } = useLocation();
  const broken = (shell.data?.locations ?? []).filter((location) => location.status === "failed" || location.status === "unreachable" || location.error);
  const first = broken[0];
  if (!first || pathname === "/system") return null;
  const state = first.status === "unreachable" ? "is unreachable" : "does not load";
  return (
    <div className="notice" role="status" data-testid="location-banner" title={first.errorAt ? `since ${clock(Date.parse(first.errorAt))}` : undefined}>
      <Glyph state="late" word="Warning" />
      <span className="grow cut">
        <b>{first.name} {state}{whatAndWhere(first.error as ErrorInfo | null)}.</b>{" "}
        {first.manifestHash ? "Its last good version keeps serving." : "Nothing of it can be shown."}
        {broken.length > 1 && ` ${plural(broken.length - 1, "more location")} too.`}
      </span>
      <Link to="/system" hash={`location-${first.name}`} className="underlined">Show error</Link>
    </div>
  );
}
