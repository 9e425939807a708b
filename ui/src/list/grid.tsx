/**
 * The one list engine: a virtual ARIA grid with roving tabindex. Rows may be grouped under headings; columns have
 * fixed or flexible widths, may sort, and may leave on narrow screens. Used by every list of the product.
 */

import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type CSSProperties, type KeyboardEvent, type MouseEvent, type ReactNode, type RefObject,
  useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState,
} from "react";
import { Icon } from "../parts/icons";
import { type Command, type Cursor, extend, pressKey, START, toggle } from "./keys";
import { usePhone } from "./media";

/** A column of rows of type `T`. */
export interface Column<T> {
  id: string;
  header: string;
  /** A CSS grid track: `96px`, `minmax(160px, 1fr)`. */
  width: string;
  cell: (row: T) => ReactNode;
  align?: "end";
  /** The column can be sorted; the page does the sorting. */
  sortable?: boolean;
  /** The header is for screen readers only. */
  quiet?: boolean;
}

/** The order a list is in. */
export interface Sort {
  column: string;
  descending: boolean;
}

/** A heading over consecutive rows. */
export interface Group {
  id: string;
  heading: ReactNode;
}

export interface GridProps<T> {
  /** The accessible name of the list. */
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  rowId: (row: T) => string;
  /** The accessible name of a row, when its cells do not read well. */
  rowLabel?: (row: T) => string;
  groupOf?: (row: T) => Group;
  onOpen?: (row: T) => void;
  onInspect?: (row: T | undefined) => void;
  onCommand?: (command: Command, row: T) => void;
  /** The row the inspector shows. */
  inspected?: string | undefined;
  selectable?: boolean;
  selected?: ReadonlySet<string>;
  onSelect?: (selected: ReadonlySet<string>) => void;
  sort?: Sort | undefined;
  onSort?: (sort: Sort) => void;
  /** Called when the last rows come into sight. */
  onEnd?: () => void;
  /** All rows there are on the server, when more than are loaded. */
  total?: number;
  /** Two lines for narrow screens, in place of the columns. */
  phoneRow?: (row: T) => ReactNode;
  empty?: ReactNode;
  /** Stands above the rows and scrolls with them. */
  before?: ReactNode;
  testId?: string;
}

type Item<T> = { kind: "group"; group: Group; size: number; folded: boolean } | { kind: "row"; row: T; index: number };

function arrange<T>(rows: readonly T[], groupOf: GridProps<T>["groupOf"], folded: ReadonlySet<string>) {
  const items: Item<T>[] = [];
  const shown: T[] = [];
  const sizes = new Map<string, number>();
  if (groupOf) for (const row of rows) sizes.set(groupOf(row).id, (sizes.get(groupOf(row).id) ?? 0) + 1);
  let current: string | undefined;
  for (const row of rows) {
    const group = groupOf?.(row);
    if (group && group.id !== current) {
      current = group.id;
      items.push({ kind: "group", group, size: sizes.get(group.id) ?? 0, folded: folded.has(group.id) });
    }
    if (group && folded.has(group.id)) continue;
    items.push({ kind: "row", row, index: shown.length });
    shown.push(row);
  }
  return { items, shown };
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("input, select, textarea, [contenteditable]") !== null;
}

/** The height of a row from the theme's density. */
function useRowHeight(scroller: RefObject<HTMLElement | null>, phone: boolean): number {
  const [height, setHeight] = useState(32);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const read = () => setHeight(Number.parseInt(getComputedStyle(element).getPropertyValue("--row"), 10) || 32);
    read();
    const observer = new MutationObserver(read);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-density"] });
    return () => observer.disconnect();
  }, [scroller]);
  return phone ? 64 : height;
}

/** A list. */
export function Grid<T>(props: GridProps<T>) {
  const { rows, columns, rowId, groupOf, selectable = false, onSelect, onInspect, onOpen, onCommand } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const head = useRef<HTMLDivElement>(null);
  const phone = usePhone() && props.phoneRow !== undefined;
  const rowHeight = useRowHeight(scroller, phone);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const { items, shown } = useMemo(() => arrange(rows, groupOf, folded), [rows, groupOf, folded]);
  const ids = useMemo(() => shown.map(rowId), [shown, rowId]);
  const [position, setPosition] = useState({ active: 0, anchor: 0 });
  const [ownSelected, setOwnSelected] = useState<ReadonlySet<string>>(START.selected);
  const selected = props.selected ?? ownSelected;
  const focusWanted = useRef(false);
  const [beforeHeight, setBeforeHeight] = useState(0);

  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (items[index]?.kind === "group" ? 36 : rowHeight),
    overscan: 12,
    scrollMargin: beforeHeight,
    scrollPaddingStart: phone ? 0 : 28,
    getItemKey: (index) => {
      const item = items[index];
      return item === undefined ? index : item.kind === "group" ? `g:${item.group.id}` : rowId(item.row);
    },
  });
  useEffect(() => virtual.measure(), [rowHeight, virtual]);
  useLayoutEffect(() => setBeforeHeight(head.current?.offsetHeight ?? 0), [props.before]);

  const active = Math.max(0, Math.min(position.active, shown.length - 1));
  const itemOf = useCallback((row: number) => items.findIndex((item) => item.kind === "row" && item.index === row), [items]);

  const apply = useCallback(
    (cursor: Cursor) => {
      setPosition({ active: cursor.active, anchor: cursor.anchor });
      if (cursor.selected !== selected) {
        setOwnSelected(cursor.selected);
        onSelect?.(cursor.selected);
      }
    },
    [selected, onSelect],
  );

  const moveTo = (row: number) => {
    focusWanted.current = true;
    virtual.scrollToIndex(itemOf(row), { align: "auto" });
    if (props.inspected !== undefined) onInspect?.(shown[row]);
  };

  useEffect(() => {
    if (!focusWanted.current) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-row="${active}"]`);
    if (row) {
      row.focus({ preventScroll: true });
      focusWanted.current = false;
    }
  });

  const run = (command: Command, row: T | undefined) => {
    if (row === undefined || command === "none") return;
    if (command === "open") onOpen?.(row);
    else if (command === "inspect") onInspect?.(props.inspected === rowId(row) ? undefined : row);
    else if (command === "close") onInspect?.(undefined);
    else onCommand?.(command, row);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (isControl(event.target) || event.altKey) return;
    if (event.target instanceof HTMLButtonElement && (event.key === "Enter" || event.key === " ")) return;
    if (event.target instanceof HTMLAnchorElement && event.key === "Enter") return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 320) / rowHeight) - 2);
    const input = { key: event.key, shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey };
    const answer = pressKey({ active, anchor: position.anchor, selected }, input, ids, page, selectable);
    if (!answer) return;
    event.preventDefault();
    event.stopPropagation();
    if (answer.cursor.active !== active) moveTo(answer.cursor.active);
    apply(answer.cursor);
    run(answer.command, shown[answer.cursor.active]);
  };

  const onRowClick = (event: MouseEvent, index: number) => {
    if (event.target instanceof Element && event.target.closest("a, button, input, label")) return;
    const cursor = { active, anchor: position.anchor, selected };
    if (event.shiftKey && selectable) return apply(extend(cursor, index, ids));
    if ((event.ctrlKey || event.metaKey) && selectable) return apply(toggle(cursor, index, ids));
    setPosition({ active: index, anchor: index });
    const row = shown[index];
    if (row === undefined) return;
    if (onInspect && !phone) onInspect(props.inspected === rowId(row) ? undefined : row);
    else onOpen?.(row);
  };

  const fold = (id: string) =>
    setFolded((before) => {
      const next = new Set(before);
      if (!next.delete(id)) next.add(id);
      return next;
    });

  const visible = virtual.getVirtualItems();
  const lastSeen = visible.at(-1)?.index ?? 0;
  const { onEnd } = props;
  useEffect(() => {
    if (items.length > 0 && lastSeen >= items.length - 15) onEnd?.();
  }, [lastSeen, items.length, onEnd]);

  const template = `${selectable && !phone ? "18px " : ""}${phone ? "minmax(0, 1fr)" : columns.map((column) => column.width).join(" ")}`;
  const style = { "--cols": template } as CSSProperties;
  const total = props.total ?? shown.length;

  return (
    <div ref={scroller} className={phone ? "vgrid is-phone" : "vgrid"} style={style}>
      <div ref={head}>{props.before}</div>
    <div
      role="grid"
      tabIndex={shown.length === 0 ? 0 : undefined}
      aria-label={props.label}
      aria-rowcount={total + 1}
      aria-colcount={phone ? 1 : columns.length + (selectable ? 1 : 0)}
      aria-multiselectable={selectable || undefined}
      data-testid={props.testId}
      onKeyDown={onKeyDown}
    >
      <Header {...props} phone={phone} allSelected={shown.length > 0 && selected.size >= shown.length}
        onAll={(all) => apply({ active, anchor: position.anchor, selected: all ? new Set(ids) : new Set() })} />
      {items.length === 0 && props.empty !== undefined && (
        <div role="row"><div role="gridcell" className="vgrid-empty">{props.empty}</div></div>
      )}
      <div role="rowgroup" className="vgrid-body" style={{ height: virtual.getTotalSize() }}>
        {visible.map((slot) => {
          const item = items[slot.index];
          if (item === undefined) return null;
          const place = { height: slot.size, transform: `translateY(${slot.start - beforeHeight}px)` };
          if (item.kind === "group") return <Heading key={slot.key} item={item} style={place} onFold={fold} />;
          const id = ids[item.index] ?? "";
          return (
            <div
              key={slot.key}
              role="row"
              className="vrow"
              tabIndex={item.index === active ? 0 : -1}
              data-row={item.index}
              data-id={id}
              aria-rowindex={item.index + 2}
              aria-label={props.rowLabel?.(item.row)}
              aria-selected={selectable ? selected.has(id) : props.inspected === id || undefined}
              style={place}
              onClick={(event) => onRowClick(event, item.index)}
              onDoubleClick={() => onOpen?.(item.row)}
              onFocus={() => item.index !== active && setPosition({ active: item.index, anchor: item.index })}
            >
              {selectable && !phone && (
                <div role="gridcell" className="pick">
                  <input type="checkbox" className="check" tabIndex={-1} checked={selected.has(id)} aria-label={`Select ${id}`}
                    onChange={() => apply(toggle({ active, anchor: position.anchor, selected }, item.index, ids))} />
                </div>
              )}
              {phone ? (
                <div role="gridcell" className="phone-cell">{props.phoneRow?.(item.row)}</div>
              ) : (
                columns.map((column) => (
                  <div key={column.id} role="gridcell" className={column.align === "end" ? "num" : undefined}>
                    {column.cell(item.row)}
                  </div>
                ))
              )}
            </div>
          );
        })}
      </div>
    </div>
    </div>
  );
}

function Header<T>(props: GridProps<T> & { phone: boolean; allSelected: boolean; onAll: (all: boolean) => void }) {
  const { columns, selectable, sort, onSort, phone } = props;
  const turn = (id: string) => onSort?.({ column: id, descending: sort?.column === id ? !sort.descending : false });
  return (
    <div role="rowgroup" className={phone ? "sr" : "vgrid-head"}>
      <div role="row" aria-rowindex={1}>
        {selectable && !phone && (
          <div role="columnheader" className="pick">
            <input type="checkbox" className="check" aria-label="Select all rows" checked={props.allSelected}
              onChange={(event) => props.onAll(event.target.checked)} />
          </div>
        )}
        {(phone ? columns.slice(0, 1) : columns).map((column) => {
          const sorted = sort?.column === column.id ? (sort.descending ? "descending" : "ascending") : undefined;
          return (
            <div key={column.id} role="columnheader" className={column.align === "end" ? "num" : undefined} aria-sort={sorted}>
              {column.sortable && onSort ? (
                <button type="button" onClick={() => turn(column.id)}>{column.header}</button>
              ) : (
                <span className={column.quiet ? "sr" : undefined}>{column.header}</span>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Heading<T>({ item, style, onFold }: { item: Extract<Item<T>, { kind: "group" }>; style: CSSProperties; onFold: (id: string) => void }) {
  return (
    <div role="row" className="vrow vgroup" style={style}>
      <div role="gridcell">
        <button type="button" className="disc" aria-expanded={!item.folded} onClick={() => onFold(item.group.id)}>
          <Icon name={item.folded ? "right" : "down"} />
          {item.group.heading}
        </button>
      </div>
    </div>
  );
}
