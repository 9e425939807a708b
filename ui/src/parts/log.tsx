/** The log: virtual lines, search with n and N, follow mode that waits while one reads above. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { count, plural } from "../format/number";
import { clockMillis, clockSeconds, duration } from "../format/time";
import { Icon } from "./icons";
import type { LogLine } from "./loglines";

const ROW = 20;
const CLASS: Partial<Record<LogLine["level"], string>> = { ERROR: "err", ERR: "std", WARN: "wrn" };

interface LogViewProps {
  lines: readonly LogLine[];
  live: boolean;
  /** Milliseconds from which relative times count. */
  start: number | undefined;
  relative: boolean;
  phone: boolean;
  search: string;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  empty: ReactNode;
  /** Names of the steps by key, where lines of several are shown; without it lines say nothing of their step. */
  titles: ReadonlyMap<string, string> | undefined;
}

function marked(text: string, search: string): ReactNode {
  if (search === "") return text;
  const parts: ReactNode[] = [];
  const lower = text.toLowerCase();
  let from = 0;
  for (let at = lower.indexOf(search); at >= 0; at = lower.indexOf(search, from)) {
    parts.push(text.slice(from, at), <mark key={at} className="hit">{text.slice(at, at + search.length)}</mark>);
    from = at + search.length;
  }
  return [...parts, text.slice(from)];
}

/** The lines of a log. */
export function LogView(props: LogViewProps) {
  const { lines, live, start, relative, phone, follow, onFollow, titles } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const search = props.search.trim().toLowerCase();
  const hits = useMemo(() => (search === "" ? [] : lines.flatMap((line, index) => (line.text.toLowerCase().includes(search) ? [index] : []))), [lines, search]);
  const [hit, setHit] = useState(0);
  const [seen, setSeen] = useState(lines.length);
  const [target, setTarget] = useState(() => Number(/^#L(\d+)$/.exec(window.location.hash)?.[1] ?? 0));
  const virtual = useVirtualizer({ count: lines.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 30 });

  useEffect(() => {
    if (follow && lines.length > 0) {
      virtual.scrollToIndex(lines.length - 1, { align: "end" });
      setSeen(lines.length);
    }
  }, [follow, lines.length, virtual]);
  useEffect(() => {
    const wanted = search === "" ? undefined : hits[Math.min(hit, hits.length - 1)];
    if (wanted !== undefined) virtual.scrollToIndex(wanted, { align: "center" });
  }, [hits, hit, search, virtual]);
  const found = useRef(false);
  useEffect(() => {
    if (found.current || target === 0 || lines.length < target) return;
    found.current = true;
    virtual.scrollToIndex(target - 1, { align: "center" });
  }, [lines.length, target, virtual]);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < ROW * 2;
    if (live && follow && !atEnd) {
      onFollow(false);
      setSeen(lines.length);
    } else if (live && !follow && atEnd) onFollow(true);
  };
  const step = (by: number) => hits.length > 0 && setHit((at) => (at + by + hits.length) % hits.length);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "n" || event.key === "N") {
      event.preventDefault();
      step(event.key === "n" ? 1 : -1);
    }
  };
  const fresh = lines.length - seen;
  const when = (line: LogLine) => {
    if (line.at === undefined) return "";
    if (relative && start !== undefined) return `+${duration(Math.max(0, (line.at - start) / 1000))}`;
    return phone ? clockSeconds(line.at) : clockMillis(line.at);
  };
  return (
    <div className="log-box">
      {search !== "" && <div className="log-hits" role="status">{hits.length === 0 ? "No hits" : `${Math.min(hit, hits.length - 1) + 1} of ${count(hits.length)}`}</div>}
      <div className={titles && !phone ? "log has-steps" : "log"} role="log" tabIndex={0} aria-label="Log" aria-live="off" ref={scroller} onScroll={onScroll} onKeyDown={onKeyDown} data-testid="log">
        {lines.length === 0 && <div className="log-empty">{props.empty}</div>}
        <div className="log-lines" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((slot) => {
            const line = lines[slot.index];
            if (!line) return null;
            const number = slot.index + 1;
            const of = titles && line.step !== null && !line.rest ? (titles.get(line.step) ?? line.step) : "";
            const state = [CLASS[line.level], line.dim ? "is-dim" : "", number === target || hits[Math.min(hit, hits.length - 1)] === slot.index ? "is-target" : ""].filter(Boolean).join(" ");
            return (
              <div key={slot.key} ref={phone ? virtual.measureElement : undefined} data-index={slot.index} id={`L${number}`} className={`line ${state}`} style={{ transform: `translateY(${slot.start}px)` }}>
                <a href={`#L${number}`} tabIndex={-1} aria-label={`Line ${number}`} onClick={() => setTarget(number)}>{number}</a>
                <time>{when(line)}</time>
                <span className="lv">{line.level}</span>
                {titles && !phone && <span className="of cut" title={of}>{of}</span>}
                <span className="text">{phone && of !== "" && <span className="of">{of} </span>}{marked(line.text, search)}</span>
              </div>
            );
          })}
        </div>
      </div>
      {live && !follow && (
        <button type="button" className="btn btn-primary pill" onClick={() => onFollow(true)}>
          <Icon name="down" />{fresh > 0 ? plural(fresh, "new line") : "Follow"}
        </button>
      )}
    </div>
  );
}
