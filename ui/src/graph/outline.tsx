/** The graph as a tree of groups and nodes: what the canvas shows, for keyboard and screen reader. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { assetState, assetWord } from "../format/run";
import { Glyph } from "../parts/glyph";
import { Icon } from "../parts/icons";
import { type AssetRow, flowOrder, type Neighbours } from "./model";

interface OutlineProps {
  rows: readonly AssetRow[];
  neighbours: Neighbours;
  selected: string | undefined;
  onSelect: (key: string | undefined) => void;
  onOpen: (key: string) => void;
  onFocusNode: (key: string) => void;
}

type Item = { kind: "group"; name: string; rows: AssetRow[] } | { kind: "node"; row: AssetRow; at: number; of: number };
/** Groups of a small graph start open. */
const OPEN_BELOW = 24;

function worst(rows: readonly AssetRow[]): number {
  return rows.some((row) => row.status === 2) ? 2 : rows.some((row) => row.status === 3) ? 3 : rows.some((row) => row.status === 0) ? 0 : 1;
}

/** The tree. */
export function Outline({ rows, neighbours, selected, onSelect, onOpen, onFocusNode }: OutlineProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [cursor, setCursor] = useState(0);
  const wantFocus = useRef(false);
  const groups = useMemo(() => {
    const made = new Map<string, AssetRow[]>();
    for (const row of rows) made.set(row.group, [...(made.get(row.group) ?? []), row]);
    const place = flowOrder(rows, (row) => row.group);
    return new Map([...made].toSorted((left, right) => (place.get(left[0]) ?? 0) - (place.get(right[0]) ?? 0)));
  }, [rows]);
  const selectedRow = useMemo(() => rows.find((row) => row.key === selected), [rows, selected]);
  const isOpen = (name: string) => toggled.get(name) ?? (rows.length <= OPEN_BELOW || selectedRow?.group === name);
  const items: Item[] = [...groups].flatMap(([name, own]): Item[] => [{ kind: "group", name, rows: own }, ...(isOpen(name) ? own.map((row, at): Item => ({ kind: "node", row, at: at + 1, of: own.length })) : [])]);
  const virtual = useVirtualizer({ count: items.length, getScrollElement: () => scroller.current, estimateSize: () => 26, overscan: 20 });
  const place = items.findIndex((item) => item.kind === "node" && item.row.key === selected);
  const active = Math.max(0, Math.min(items.length - 1, wantFocus.current || place < 0 ? cursor : place));

  useEffect(() => {
    if (place >= 0) {
      setCursor(place);
      virtual.scrollToIndex(place, { align: "auto" });
    }
  }, [place, virtual]);
  useEffect(() => {
    if (!wantFocus.current) return;
    const element = scroller.current?.querySelector<HTMLElement>(`[data-at="${active}"]`);
    if (element) {
      element.focus({ preventScroll: true });
      wantFocus.current = false;
    }
  });

  const go = (to: number) => {
    const next = Math.max(0, Math.min(items.length - 1, to));
    const item = items[next];
    wantFocus.current = true;
    setCursor(next);
    virtual.scrollToIndex(next, { align: "auto" });
    onSelect(item?.kind === "node" ? item.row.key : undefined);
  };
  const byIndex = useMemo(() => new Map(rows.map((row) => [row.index, row])), [rows]);
  const follow = (row: AssetRow, list: readonly number[][]) => {
    const next = (list[row.index] ?? []).map((index) => byIndex.get(index)).find((other) => other !== undefined);
    if (!next) return;
    setToggled(new Map(toggled).set(next.group, true));
    wantFocus.current = true;
    onSelect(next.key);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const item = items[active];
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const down = event.key === "ArrowDown" || event.key === "j";
    const up = event.key === "ArrowUp" || event.key === "k";
    let used = true;
    if (down || up) go(active + (down ? 1 : -1));
    else if (event.key === "Home" || event.key === "End") go(event.key === "Home" ? 0 : items.length - 1);
    else if (item.kind === "group") {
      if (event.key === "ArrowRight" || event.key === "ArrowLeft" || event.key === "Enter") setToggled(new Map(toggled).set(item.name, event.key === "Enter" ? !isOpen(item.name) : event.key === "ArrowRight"));
      else used = false;
    } else if (event.key === "ArrowRight") follow(item.row, neighbours.down);
    else if (event.key === "ArrowLeft") follow(item.row, neighbours.up);
    else if (event.key === "]" || event.key === "[") {
      const sibling = items[active + (event.key === "]" ? 1 : -1)];
      if (sibling?.kind === "node") go(active + (event.key === "]" ? 1 : -1));
    } else if (event.key === "Enter") onOpen(item.row.key);
    else if (event.key === "f") onFocusNode(item.row.key);
    else used = false;
    if (used) {
      event.preventDefault();
      event.stopPropagation();
    }
  };
  const spoken = selectedRow ? `${selectedRow.key}, ${assetWord(selectedRow.status)}, ${(neighbours.up[selectedRow.index] ?? []).length} upstream, ${(neighbours.down[selectedRow.index] ?? []).length} downstream` : "";
  return (
    <div className="outline" ref={scroller}>
      <div role="tree" aria-label="Outline of the graph" style={{ height: virtual.getTotalSize() }} className="outline-body" onKeyDown={onKeyDown} data-testid="outline">
        {virtual.getVirtualItems().map((slot) => {
          const item = items[slot.index];
          if (!item) return null;
          const style = { transform: `translateY(${slot.start}px)` };
          const tab = { "data-at": slot.index, tabIndex: slot.index === active ? 0 : -1 };
          if (item.kind === "group") {
            const open = isOpen(item.name);
            return (
              <div key={`g:${item.name}`} {...tab} role="treeitem" aria-level={1} aria-expanded={open} aria-selected={false} className="t1" style={style} onClick={() => setToggled(new Map(toggled).set(item.name, !open))} onKeyDown={onKeyDown} onFocus={() => setCursor(slot.index)}>
                <Icon name={open ? "down" : "right"} /><b className="cut">{item.name}</b> <span className="faint">{item.rows.length}</span>
                <Glyph state={assetState(worst(item.rows))} />
              </div>
            );
          }
          return (
            <div key={item.row.key} {...tab} role="treeitem" aria-level={2} aria-setsize={item.of} aria-posinset={item.at} aria-selected={item.row.key === selected} className="t2" style={style} title={item.row.key}
              onClick={() => onSelect(item.row.key === selected ? undefined : item.row.key)} onDoubleClick={() => onOpen(item.row.key)} onKeyDown={onKeyDown} onFocus={() => setCursor(slot.index)}>
              <Glyph state={assetState(item.row.status)} word={assetWord(item.row.status)} /><span className="cut">{item.row.key.split("/").at(-1)}</span>
            </div>
          );
        })}
      </div>
      <div className="sr" aria-live="polite">{spoken}</div>
    </div>
  );
}
