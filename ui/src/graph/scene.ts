/**
 * The picture of a graph on a 2D canvas. Three levels of detail, static tiles kept by zoom, an overlay for hover and
 * selection. A pan blits tiles; a zoom stretches the old tiles until the new ones are drawn, a few a frame.
 */

import Flatbush from "flatbush";
import { type Block, type Layout, NODE_HEIGHT, NODE_WIDTH, NONE } from "./layout";
import type { Palette } from "./palette";

const TILE = 512;
/** Below: groups. */
export const FAR = 0.15;
/** Below: boxes without text. */
export const NEAR = 0.45;
const FRAME_MS = 12;
const BUNDLES = 2500;
const MIN_SCALE = 0.004;
const MAX_SCALE = 2;

/** What the picture shows of each node, beside its place. */
export interface NodeFace {
  name: string;
  /** 0 missing, 1 good, 2 failed, 3 running. */
  status: number;
  note: string;
}

/** Where the eye is: world coordinates of the top left corner, and px per unit. */
export interface View {
  x: number;
  y: number;
  scale: number;
}

interface Tiles {
  scale: number;
  map: Map<string, HTMLCanvasElement>;
}

interface Bundle {
  from: Block;
  to: Block;
  size: number;
}

const INK: Record<number, keyof Palette> = { 0: "faint", 1: "faint", 2: "fail", 3: "run" };

function emptyIndex(size: number): Flatbush {
  return new Flatbush(Math.max(1, size));
}

/** One picture. Call `draw` each frame while `needsFrame` holds. */
export class Scene {
  view: View = { x: 0, y: 0, scale: 1 };
  private readonly nodes: Flatbush;
  private readonly edges: Flatbush;
  private readonly bySource = new Map<number, number[]>();
  private readonly blockOf: Int32Array;
  private readonly bundles: Bundle[];
  private tiles: Tiles = { scale: 1, map: new Map() };
  private old: Tiles | undefined;
  private lastZoom = Number.NEGATIVE_INFINITY;
  hovered = -1;
  selected = -1;
  private related = new Set<number>();
  private relatedSegments: number[] = [];

  constructor(
    readonly layout: Layout,
    private faces: readonly NodeFace[],
    private readonly groups: readonly string[],
    private palette: Palette,
  ) {
    const { x, y, count, segments } = layout;
    this.nodes = emptyIndex(count);
    for (let node = 0; node < count; node += 1) this.nodes.add(x[node]!, y[node]!, x[node]! + NODE_WIDTH, y[node]! + NODE_HEIGHT);
    if (count === 0) this.nodes.add(0, 0, 0, 0);
    this.nodes.finish();
    const total = layout.segmentSource.length;
    this.edges = emptyIndex(total);
    for (let at = 0; at < total; at += 1) {
      const [x1, y1, x2, y2] = [segments[at * 4]!, segments[at * 4 + 1]!, segments[at * 4 + 2]!, segments[at * 4 + 3]!];
      this.edges.add(x1, Math.min(y1, y2), x2, Math.max(y1, y2));
      const source = layout.segmentSource[at]!;
      const list = this.bySource.get(source);
      if (list) list.push(at);
      else this.bySource.set(source, [at]);
    }
    if (total === 0) this.edges.add(0, 0, 0, 0);
    this.edges.finish();
    this.blockOf = new Int32Array(count);
    layout.blocks.forEach((block, at) => {
      for (const node of block.nodes) this.blockOf[node] = at;
    });
    this.bundles = this.bundle();
  }

  private bundle(): Bundle[] {
    const sizes = new Map<number, number>();
    const blocks = this.layout.blocks;
    this.layout.segmentTarget.forEach((target, at) => {
      if (target === NONE) return;
      const [from, to] = [this.blockOf[this.layout.segmentSource[at]!]!, this.blockOf[target]!];
      if (from !== to) sizes.set(from * blocks.length + to, (sizes.get(from * blocks.length + to) ?? 0) + 1);
    });
    return [...sizes].toSorted((left, right) => right[1] - left[1]).slice(0, BUNDLES)
      .map(([id, size]) => ({ from: blocks[Math.floor(id / blocks.length)]!, to: blocks[id % blocks.length]!, size }));
  }

  /** New colours: everything is drawn again. */
  setPalette(palette: Palette): void {
    this.palette = palette;
    this.forget();
  }

  /** New states: only tiles that show a changed node are drawn again. */
  setFaces(faces: readonly NodeFace[]): void {
    const before = this.faces;
    this.faces = faces;
    const { scale, map } = this.tiles;
    const far = scale < FAR;
    for (let node = 0; node < faces.length; node += 1) {
      if (before[node]?.status === faces[node]?.status && (scale < NEAR || before[node]?.note === faces[node]?.note)) continue;
      const block = this.layout.blocks[this.blockOf[node]!];
      const box = far && block ? block : { x: this.layout.x[node]!, y: this.layout.y[node]!, width: NODE_WIDTH, height: NODE_HEIGHT };
      for (let column = Math.floor((box.x * scale) / TILE); column <= Math.floor(((box.x + box.width) * scale) / TILE); column += 1) {
        for (let row = Math.floor((box.y * scale) / TILE); row <= Math.floor(((box.y + box.height) * scale) / TILE); row += 1) map.delete(`${column}/${row}`);
      }
    }
  }

  private forget(): void {
    this.tiles = { scale: this.view.scale, map: new Map() };
    this.old = undefined;
  }

  /** The node under a point of the world, or -1. Far away there is none. */
  hit(x: number, y: number): number {
    if (this.layout.count === 0 || this.view.scale < FAR) return -1;
    return this.nodes.search(x, y, x, y)[0] ?? -1;
  }

  /** The block under a point, for looking at it closely. */
  blockAt(x: number, y: number): Block | undefined {
    return this.layout.blocks.find((block) => x >= block.x && x <= block.x + block.width && y >= block.y && y <= block.y + block.height);
  }

  /** Choose a node: its ways up and down are shown. */
  select(node: number, related: ReadonlySet<number>): void {
    this.selected = node;
    this.related = new Set(related);
    this.relatedSegments = [];
    if (node < 0) return;
    for (const source of related) {
      const own = this.bySource.get(source) ?? [];
      const ends = own.map((at) => this.layout.segmentTarget[at]!).filter((target) => target !== NONE && related.has(target));
      const farthest = Math.max(...ends.map((target) => this.layout.x[target]!), Number.NEGATIVE_INFINITY);
      for (const at of own) {
        const target = this.layout.segmentTarget[at]!;
        if (target === NONE ? this.layout.segments[at * 4 + 2]! <= farthest : related.has(target)) this.relatedSegments.push(at);
      }
    }
  }

  /** Change the zoom around a point of the screen. */
  zoom(factor: number, screenX: number, screenY: number, now: number): void {
    const scale = Math.max(MIN_SCALE, Math.min(MAX_SCALE, this.view.scale * factor));
    const [worldX, worldY] = [this.view.x + screenX / this.view.scale, this.view.y + screenY / this.view.scale];
    this.view = { x: worldX - screenX / scale, y: worldY - screenY / scale, scale };
    this.lastZoom = now;
  }

  /** Show the whole graph, or as much of it as stays legible when it is small. */
  fit(width: number, height: number): void {
    const { layout } = this;
    if (layout.count === 0 || width === 0 || height === 0) return;
    const scale = Math.max(MIN_SCALE, Math.min(1, (width - 32) / layout.width, (height - 32) / layout.height));
    this.view = { scale, x: -(width / scale - layout.width) / 2, y: -(height / scale - layout.height) / 2 };
    // A graph that is read like a page begins at the top left; one seen from afar stands in the middle.
    if (scale >= NEAR && layout.height * scale < height - 32) this.view.y = -16 / scale;
    if (scale >= NEAR && layout.width * scale < width - 32) this.view.x = -12 / scale;
  }

  /** Bring a node into sight; far away the eye comes nearer. */
  reveal(node: number, width: number, height: number): void {
    const [x, y] = [this.layout.x[node], this.layout.y[node]];
    if (x === undefined || y === undefined) return;
    const { view } = this;
    const scale = view.scale < NEAR ? 0.8 : view.scale;
    const inside = x > view.x && y > view.y && x + NODE_WIDTH < view.x + width / view.scale && y + NODE_HEIGHT < view.y + height / view.scale;
    if (inside && scale === view.scale) return;
    this.view = { scale, x: x + NODE_WIDTH / 2 - width / scale / 2, y: y + NODE_HEIGHT / 2 - height / scale / 2 };
  }

  /** Draw the static picture. Answers whether another frame is needed. */
  draw(context: CanvasRenderingContext2D, width: number, height: number, ratio: number, now: number): boolean {
    const { view } = this;
    const zooming = now - this.lastZoom < 90;
    if (this.tiles.scale !== view.scale && !zooming) {
      if (this.tiles.map.size > 0) this.old = this.tiles;
      this.tiles = { scale: view.scale, map: new Map() };
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = this.palette.bg;
    context.fillRect(0, 0, width, height);
    if (this.tiles.scale !== view.scale) {
      this.blit(context, this.tiles, width, height);
      return true;
    }
    const missing = this.missing(width, height);
    const until = performance.now() + FRAME_MS;
    let made = 0;
    while (made < missing.length && (made === 0 || performance.now() < until)) {
      const [column, row] = missing[made]!;
      this.tiles.map.set(`${column}/${row}`, this.tile(column, row, ratio));
      made += 1;
    }
    if (made < missing.length && this.old) this.blit(context, this.old, width, height);
    else if (made >= missing.length) this.old = undefined;
    this.blit(context, this.tiles, width, height);
    if (this.tiles.map.size > 160) this.drop(width, height);
    return made < missing.length;
  }

  private missing(width: number, height: number): [number, number][] {
    const { view, tiles } = this;
    const wanted: [number, number][] = [];
    for (let row = Math.floor((view.y * view.scale) / TILE); row * TILE < view.y * view.scale + height; row += 1) {
      for (let column = Math.floor((view.x * view.scale) / TILE); column * TILE < view.x * view.scale + width; column += 1) {
        if (!tiles.map.has(`${column}/${row}`)) wanted.push([column, row]);
      }
    }
    return wanted;
  }

  private drop(width: number, height: number): void {
    const { view } = this;
    for (const key of this.tiles.map.keys()) {
      const [column = 0, row = 0] = key.split("/").map(Number);
      const [x, y] = [column * TILE - view.x * view.scale, row * TILE - view.y * view.scale];
      if (x < -3 * TILE || y < -3 * TILE || x > width + 2 * TILE || y > height + 2 * TILE) this.tiles.map.delete(key);
    }
  }

  private blit(context: CanvasRenderingContext2D, tiles: Tiles, width: number, height: number): void {
    const factor = this.view.scale / tiles.scale;
    const size = TILE * factor;
    for (const [key, tile] of tiles.map) {
      const [column = 0, row = 0] = key.split("/").map(Number);
      // Whole pixels keep text sharp; a stretched tile is passing anyway.
      const snap = factor === 1 ? Math.round : (value: number) => value;
      const x = snap(column * size - this.view.x * this.view.scale);
      const y = snap(row * size - this.view.y * this.view.scale);
      if (x < width && y < height && x + size > 0 && y + size > 0) context.drawImage(tile, x, y, size, size);
    }
  }

  private tile(column: number, row: number, ratio: number): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    canvas.width = TILE * ratio;
    canvas.height = TILE * ratio;
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) return canvas;
    const { scale } = this.tiles;
    const size = TILE / scale;
    const [x, y] = [column * size, row * size];
    context.fillStyle = this.palette.bg;
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(ratio * scale, 0, 0, ratio * scale, -x * scale * ratio, -y * scale * ratio);
    // A little more than the tile, so that text and lines at the border are whole.
    const margin = 8 / scale;
    const area = [x - margin, y - margin, x + size + margin, y + size + margin] as const;
    if (scale < FAR) this.drawGroups(context, area, scale);
    else this.drawNodes(context, area, scale);
    return canvas;
  }

  private drawGroups(context: CanvasRenderingContext2D, area: readonly [number, number, number, number], scale: number): void {
    const { palette, layout } = this;
    context.strokeStyle = palette.bar;
    for (const bundle of this.bundles) {
      const [x1, y1] = [bundle.from.x + bundle.from.width, bundle.from.y + bundle.from.height / 2];
      const [x2, y2] = [bundle.to.x, bundle.to.y + bundle.to.height / 2];
      if (x2 < area[0] || x1 > area[2] || Math.max(y1, y2) < area[1] || Math.min(y1, y2) > area[3]) continue;
      context.globalAlpha = Math.min(0.8, 0.12 + Math.log2(bundle.size + 1) * 0.08);
      context.lineWidth = Math.min(4, 0.5 + Math.log2(bundle.size + 1) * 0.4) / scale;
      context.beginPath();
      curve(context, x1, y1, x2, y2);
      context.stroke();
    }
    context.globalAlpha = 1;
    for (const block of layout.blocks) {
      if (block.x > area[2] || block.y > area[3] || block.x + block.width < area[0] || block.y + block.height < area[1]) continue;
      this.drawBlockFar(context, block, scale);
    }
  }

  private drawBlockFar(context: CanvasRenderingContext2D, block: Block, scale: number): void {
    const { palette } = this;
    const counts = [0, 0, 0, 0];
    for (const node of block.nodes) counts[this.faces[node]?.status ?? 0]! += 1;
    context.fillStyle = palette.surface;
    context.fillRect(block.x, block.y, block.width, block.height);
    // States as shares of the panel's height, failures on top: the eye finds red from any distance.
    let top = block.y;
    const order: [number, string][] = [[2, palette.fail], [3, palette.run], [0, palette["bar-soft"]], [1, palette["cell-ok"]]];
    for (const [status, ink] of order) {
      const size = counts[status]!;
      if (size === 0) continue;
      const share = Math.max((size / block.nodes.length) * block.height, status === 2 ? Math.min(block.height, 2.5 / scale) : 0);
      context.fillStyle = ink;
      context.fillRect(block.x, top, block.width, Math.min(share, block.y + block.height - top));
      top += share;
    }
    context.strokeStyle = palette.control;
    context.lineWidth = 0.5 / scale;
    context.strokeRect(block.x, block.y, block.width, block.height);
    const pixels = block.height * scale;
    if (pixels < 26 || block.width * scale < 18) return;
    const size = 11 / scale;
    context.save();
    context.beginPath();
    context.rect(block.x, block.y, block.width, block.height);
    context.clip();
    context.font = `600 ${size}px ${palette.sans}`;
    context.fillStyle = palette.text;
    context.fillText(this.groups[block.group] ?? "", block.x + 3 / scale, block.y + 14 / scale);
    context.restore();
  }

  private drawNodes(context: CanvasRenderingContext2D, area: readonly [number, number, number, number], scale: number): void {
    const { layout, palette } = this;
    const near = scale >= NEAR;
    for (const block of layout.blocks) {
      if (block.x > area[2] || block.y > area[3] || block.x + block.width < area[0] || block.y + block.height < area[1]) continue;
      context.fillStyle = palette.raised;
      box(context, block.x, block.y, block.width, block.height, 6);
      context.fill();
      context.fillStyle = palette.muted;
      context.font = `600 ${near ? 12 : 12 / Math.max(scale, 0.3) / 1.6}px ${palette.sans}`;
      context.fillText(clip(context, this.groups[block.group] ?? "", block.width - 20), block.x + 12, block.y + 19);
    }
    context.strokeStyle = palette.bar;
    context.lineWidth = Math.max(1, 0.6 / scale);
    context.beginPath();
    const found = layout.segmentSource.length === 0 ? [] : this.edges.search(...area);
    for (const at of found) curve(context, layout.segments[at * 4]!, layout.segments[at * 4 + 1]!, layout.segments[at * 4 + 2]!, layout.segments[at * 4 + 3]!);
    context.stroke();
    if (layout.count === 0) return;
    for (const node of this.nodes.search(...area)) {
      if (near) this.drawNode(context, node, palette.line, 1, false);
      else this.drawBox(context, node, scale);
    }
  }

  private drawBox(context: CanvasRenderingContext2D, node: number, scale: number): void {
    const { layout, palette } = this;
    const status = this.faces[node]?.status ?? 0;
    context.fillStyle = [palette.surface, palette["cell-ok"], palette.fail, palette.run][status] ?? palette.surface;
    context.strokeStyle = palette.control;
    context.lineWidth = 0.6 / scale;
    box(context, layout.x[node]!, layout.y[node]!, NODE_WIDTH, NODE_HEIGHT, 6);
    context.fill();
    if (status === 0) context.stroke();
  }

  private drawNode(context: CanvasRenderingContext2D, node: number, border: string, width: number, strong: boolean): void {
    const { layout, palette } = this;
    const face = this.faces[node];
    const [x, y] = [layout.x[node]!, layout.y[node]!];
    context.fillStyle = palette.surface;
    context.strokeStyle = border;
    context.lineWidth = width;
    box(context, x + 0.5, y + 0.5, NODE_WIDTH - 1, NODE_HEIGHT - 1, 6);
    context.fill();
    context.stroke();
    if (!face) return;
    glyph(context, face.status, x + 10, y + 12, palette);
    context.font = `${strong ? 500 : 400} 12px ${palette.sans}`;
    context.fillStyle = palette.text;
    context.fillText(clip(context, face.name, NODE_WIDTH - 42), x + 34, y + 17);
    context.fillStyle = palette[INK[face.status] ?? "faint"];
    context.font = `12px ${palette.sans}`;
    context.fillText(clip(context, face.note, NODE_WIDTH - 42), x + 34, y + 32);
  }

  /** Draw hover and selection over the static picture. */
  drawOverlay(context: CanvasRenderingContext2D, width: number, height: number, ratio: number): void {
    const { view, layout, palette } = this;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (this.selected < 0 && this.hovered < 0) return;
    context.setTransform(ratio * view.scale, 0, 0, ratio * view.scale, -view.x * view.scale * ratio, -view.y * view.scale * ratio);
    const [right, bottom] = [view.x + width / view.scale, view.y + height / view.scale];
    if (this.relatedSegments.length > 0) {
      context.strokeStyle = palette.accent;
      context.lineWidth = Math.max(1.75, 1.25 / view.scale);
      context.beginPath();
      for (const at of this.relatedSegments) {
        const [x1, y1, x2, y2] = [layout.segments[at * 4]!, layout.segments[at * 4 + 1]!, layout.segments[at * 4 + 2]!, layout.segments[at * 4 + 3]!];
        if (x2 < view.x || x1 > right || Math.max(y1, y2) < view.y || Math.min(y1, y2) > bottom) continue;
        curve(context, x1, y1, x2, y2);
      }
      context.stroke();
    }
    const near = view.scale >= NEAR;
    const outline = (node: number, ink: string, thick: number) => {
      const [x, y] = [layout.x[node]!, layout.y[node]!];
      if (x > right || y > bottom || x + NODE_WIDTH < view.x || y + NODE_HEIGHT < view.y) return;
      if (near) return this.drawNode(context, node, ink, thick, thick > 1.5);
      context.strokeStyle = ink;
      context.lineWidth = Math.max(thick, 1.5 / view.scale);
      box(context, x, y, NODE_WIDTH, NODE_HEIGHT, 6);
      context.stroke();
    };
    if (view.scale >= FAR) for (const node of this.related) if (node !== this.selected) outline(node, palette.control, 1);
    if (this.hovered >= 0 && this.hovered !== this.selected) outline(this.hovered, palette.control, 1.25);
    if (this.selected >= 0) outline(this.selected, palette.accent, 2);
  }
}

function curve(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.moveTo(x1, y1);
  if (Math.abs(y1 - y2) < 0.5) return context.lineTo(x2, y2);
  const middle = (x1 + x2) / 2;
  context.bezierCurveTo(middle, y1, middle, y2, x2, y2);
}

function box(context: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, radius: number): void {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
}

const widths = new Map<string, string>();

/** The text, cut with an ellipsis to fit; answers are kept, since measuring is dear. */
function clip(context: CanvasRenderingContext2D, text: string, width: number): string {
  const key = `${context.font}|${width}|${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  let shown = text;
  if (context.measureText(text).width > width) {
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
      else high = middle - 1;
    }
    shown = `${text.slice(0, low)}…`;
  }
  if (widths.size > 20_000) widths.clear();
  widths.set(key, shown);
  return shown;
}

const TICK = "M5 8.25l2 2 4-4.25";
const CROSS = "M6 6l4 4M10 6l-4 4";
let tick: Path2D | undefined;
let cross: Path2D | undefined;

/** The state's shape, as in the sprite. */
function glyph(context: CanvasRenderingContext2D, status: number, x: number, y: number, palette: Palette): void {
  tick ??= new Path2D(TICK);
  cross ??= new Path2D(CROSS);
  context.save();
  context.translate(x, y);
  context.lineWidth = 1.5;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.beginPath();
  if (status === 1) {
    context.fillStyle = palette["ok-bg"];
    context.arc(8, 8, 6.5, 0, Math.PI * 2);
    context.fill();
    context.strokeStyle = palette.ok;
    context.stroke(tick);
  } else if (status === 2) {
    context.fillStyle = palette.fail;
    context.translate(8, 8);
    context.rotate(Math.PI / 4);
    context.roundRect(-4.9, -4.9, 9.8, 9.8, 1.5);
    context.fill();
    context.rotate(-Math.PI / 4);
    context.translate(-8, -8);
    context.strokeStyle = palette.surface;
    context.stroke(cross);
  } else if (status === 3) {
    context.strokeStyle = palette.run;
    context.arc(8, 8, 5.75, 0, Math.PI * 2);
    context.stroke();
    context.beginPath();
    context.fillStyle = palette.run;
    context.arc(8, 8, 3.5, -Math.PI / 2, Math.PI / 2);
    context.fill();
  } else {
    context.strokeStyle = palette.faint;
    context.setLineDash([2, 2.4]);
    context.arc(8, 8, 5.25, 0, Math.PI * 2);
    context.stroke();
  }
  context.restore();
}
