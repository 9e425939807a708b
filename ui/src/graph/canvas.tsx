/** The canvas of the graph: pan, zoom, pointing. What it shows is told by the outline beside it. */

import { type PointerEvent, useCallback, useEffect, useImperativeHandle, useLayoutEffect, useRef } from "react";
import type { Layout } from "./layout";
import { onThemeChange, readPalette } from "./palette";
import { type NodeFace, Scene } from "./scene";

/** What the page may ask of the canvas. */
export interface GraphHandle {
  fit: () => void;
  zoom: (factor: number) => void;
  reveal: (node: number) => void;
}

interface GraphCanvasProps {
  layout: Layout;
  faces: readonly NodeFace[];
  groups: readonly string[];
  label: string;
  selected: number;
  related: ReadonlySet<number>;
  onSelect: (node: number) => void;
  onOpen: (node: number) => void;
  handle: React.RefObject<GraphHandle | null>;
}

/** Movement below this is a click, px. */
const CLICK_PX = 4;

/** Two layers: the picture, and hover and selection over it. */
export function GraphCanvas({ layout, faces, groups, label, selected, related, onSelect, onOpen, handle }: GraphCanvasProps) {
  const host = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const scene = useRef<Scene | undefined>(undefined);
  const frame = useRef(0);
  const size = useRef({ width: 0, height: 0 });
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const moved = useRef(0);

  const paint = useCallback(() => {
    if (frame.current !== 0) return;
    const step = (now: number) => {
      frame.current = 0;
      const [picture, layer] = [base.current?.getContext("2d", { alpha: false }), over.current?.getContext("2d")];
      if (!picture || !layer || !scene.current) return;
      const ratio = window.devicePixelRatio || 1;
      const { width, height } = size.current;
      const again = scene.current.draw(picture, width, height, ratio, now);
      scene.current.drawOverlay(layer, width, height, ratio);
      if (again) frame.current = requestAnimationFrame(step);
    };
    frame.current = requestAnimationFrame(step);
  }, []);

  const known = useRef({ faces, groups });
  known.current = { faces, groups };

  useLayoutEffect(() => {
    const before = scene.current;
    scene.current = new Scene(layout, known.current.faces, known.current.groups, readPalette());
    scene.current.fit(size.current.width, size.current.height);
    if (before && before.layout === layout) scene.current.view = before.view;
    paint();
  }, [layout, paint]);

  useEffect(() => {
    scene.current?.setFaces(faces);
    paint();
  }, [faces, paint]);

  useEffect(() => {
    scene.current?.select(selected, related);
    paint();
  }, [selected, related, layout, paint]);

  useEffect(() => onThemeChange(() => {
    scene.current?.setPalette(readPalette());
    paint();
  }), [paint]);

  useLayoutEffect(() => {
    const element = host.current;
    if (!element) return undefined;
    const measure = () => {
      const { clientWidth: width, clientHeight: height } = element;
      const first = size.current.width === 0;
      size.current = { width, height };
      const ratio = window.devicePixelRatio || 1;
      for (const canvas of [base.current, over.current]) {
        if (!canvas) continue;
        canvas.width = width * ratio;
        canvas.height = height * ratio;
      }
      if (first) scene.current?.fit(width, height);
      paint();
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    // Not passive: the page must not scroll or zoom with the graph.
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      if (!scene.current) return;
      const rect = element.getBoundingClientRect();
      const wheel = event.deltaMode === 1 || (event.deltaX === 0 && Math.abs(event.deltaY) >= 80);
      if (event.ctrlKey || event.metaKey || wheel) {
        const amount = event.deltaMode === 1 ? event.deltaY * 30 : event.deltaY;
        scene.current.zoom(Math.exp(-amount * (wheel ? 0.0016 : 0.01)), event.clientX - rect.left, event.clientY - rect.top, performance.now());
      } else {
        scene.current.view.x += event.deltaX / scene.current.view.scale;
        scene.current.view.y += event.deltaY / scene.current.view.scale;
      }
      paint();
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener("wheel", onWheel);
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [paint]);

  useImperativeHandle(handle, () => ({
    fit: () => {
      scene.current?.fit(size.current.width, size.current.height);
      paint();
    },
    zoom: (factor) => {
      scene.current?.zoom(factor, size.current.width / 2, size.current.height / 2, performance.now() - 1000);
      paint();
    },
    reveal: (node) => {
      scene.current?.reveal(node, size.current.width, size.current.height);
      paint();
    },
  }), [paint]);

  const world = (event: PointerEvent) => {
    const rect = host.current?.getBoundingClientRect();
    const view = scene.current?.view;
    if (!rect || !view) return undefined;
    return { x: view.x + (event.clientX - rect.left) / view.scale, y: view.y + (event.clientY - rect.top) / view.scale };
  };
  const onPointerDown = (event: PointerEvent) => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved.current = 0;
  };
  const onPointerMove = (event: PointerEvent) => {
    const current = scene.current;
    if (!current) return;
    const before = pointers.current.get(event.pointerId);
    if (!before) {
      const point = world(event);
      const node = point ? current.hit(point.x, point.y) : -1;
      if (node !== current.hovered) {
        current.hovered = node;
        if (host.current) host.current.style.cursor = node >= 0 ? "pointer" : "";
        paint();
      }
      return;
    }
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const rect = host.current?.getBoundingClientRect();
      const [was, is] = [Math.hypot(before.x - other.x, before.y - other.y), Math.hypot(event.clientX - other.x, event.clientY - other.y)];
      if (rect && was > 0) current.zoom(is / was, (event.clientX + other.x) / 2 - rect.left, (event.clientY + other.y) / 2 - rect.top, performance.now());
    } else {
      current.view.x -= (event.clientX - before.x) / current.view.scale;
      current.view.y -= (event.clientY - before.y) / current.view.scale;
    }
    moved.current += Math.abs(event.clientX - before.x) + Math.abs(event.clientY - before.y);
    pointers.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    paint();
  };
  const onPointerUp = (event: PointerEvent) => {
    pointers.current.delete(event.pointerId);
    if (moved.current > CLICK_PX || event.type === "pointercancel") return;
    const point = world(event);
    const current = scene.current;
    if (!point || !current) return;
    const node = current.hit(point.x, point.y);
    const block = node < 0 && current.view.scale < 0.15 ? current.blockAt(point.x, point.y) : undefined;
    if (block) {
      const first = block.nodes[0];
      if (first !== undefined) current.reveal(first, size.current.width, size.current.height);
      paint();
    } else onSelect(node);
  };
  const onDoubleClick = (event: React.MouseEvent) => {
    const point = world(event as unknown as PointerEvent);
    const node = point && scene.current ? scene.current.hit(point.x, point.y) : -1;
    if (node >= 0) onOpen(node);
  };
  return (
    <div ref={host} className="graph-canvas" role="img" aria-label={label} data-testid="graph" onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp} onPointerCancel={onPointerUp} onDoubleClick={onDoubleClick}
      onPointerLeave={() => {
        if (scene.current) scene.current.hovered = -1;
        paint();
      }}>
      <canvas ref={base} aria-hidden="true" />
      <canvas ref={over} aria-hidden="true" />
    </div>
  );
}
