/** Charts from data: lines, bars, points. Own SVG; numbers are told in a table for those who do not see it. */

import type { ChartSeries } from "../api/shapes";
import { measure } from "../format/number";

interface ChartProps {
  type: string;
  x: readonly (string | number)[];
  series: readonly ChartSeries[];
  xLabel?: string;
  yLabel?: string;
  label: string;
  height?: number;
}

const WIDTH = 560;
const LEFT = 44;
const RIGHT = 8;
const TOP = 10;

/** Round values for an axis. */
export function ticksOf(low: number, high: number, most = 4): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => (high - low) / candidate <= most) ?? rough;
  const first = Math.ceil(low / step) * step;
  const made: number[] = [];
  for (let value = first; value <= high + step * 1e-6; value += step) made.push(Number(value.toPrecision(12)));
  return made;
}

/** One chart. */
export function Chart({ type, x, series, xLabel = "", yLabel = "", label, height = 160 }: ChartProps) {
  const values = series.flatMap((line) => line.values.filter((value): value is number => value !== null && Number.isFinite(value)));
  if (values.length === 0) return <p className="faint">No values.</p>;
  const bar = type === "bar";
  const numeric = !bar && x.every((value) => typeof value === "number");
  const low = Math.min(bar ? 0 : Number.POSITIVE_INFINITY, ...values);
  const high = Math.max(bar ? 0 : Number.NEGATIVE_INFINITY, ...values);
  const pad = high === low ? 1 : bar ? 0 : (high - low) * 0.06;
  const [bottom, top] = [low - pad, high + pad];
  const plot = height - TOP - 22;
  const y = (value: number) => TOP + plot * (1 - (value - bottom) / (top - bottom));
  const [first, last] = numeric ? [Math.min(...(x as number[])), Math.max(...(x as number[]))] : [0, 0];
  const slot = (WIDTH - LEFT - RIGHT) / Math.max(1, x.length);
  const px = (index: number) => (numeric && last > first ? LEFT + ((WIDTH - LEFT - RIGHT) * ((x[index] as number) - first)) / (last - first) : LEFT + slot * (index + 0.5));
  const every = Math.max(1, Math.ceil(x.length / 7));
  return (
    <figure className="chart">
      {series.length > 1 && <figcaption className="legend">{series.map((line, index) => <span key={line.name}><i className={`series s${index % 5}`} aria-hidden="true" />{line.name}</span>)}</figcaption>}
      <svg viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={`${label}: ${series.map((line) => line.name).join(", ")}, ${x.length} points from ${measure(low)} to ${measure(high)}${yLabel ? ` ${yLabel}` : ""}`}>
        {ticksOf(bottom, top).map((value) => (
          <g key={value} className="axis"><line x1={LEFT} x2={WIDTH - RIGHT} y1={y(value)} y2={y(value)} /><text x={LEFT - 6} y={y(value) + 4} textAnchor="end">{measure(value)}</text></g>
        ))}
        {x.map((value, index) => (index % every === 0 ? <text key={String(value)} x={px(index)} y={height - 6} textAnchor="middle">{typeof value === "number" ? measure(value) : value.length > 10 ? value.slice(5, 10) : value}</text> : null))}
        {series.map((line, at) => <Series key={line.name} line={line} at={at} of={series.length} type={type} px={px} y={y} slot={slot} zero={y(0)} />)}
      </svg>
      {(xLabel || yLabel) && <p className="faint t12">{[yLabel, xLabel && `by ${xLabel}`].filter(Boolean).join(" ")}</p>}
    </figure>
  );
}

interface SeriesProps {
  line: ChartSeries;
  at: number;
  of: number;
  type: string;
  px: (index: number) => number;
  y: (value: number) => number;
  slot: number;
  zero: number;
}

function Series({ line, at, of, type, px, y, slot, zero }: SeriesProps) {
  const shade = `s${at % 5}`;
  if (type === "bar") {
    const width = Math.max(1, (slot * 0.72) / of);
    return <g className={`mark ${shade}`}>{line.values.map((value, index) => (value === null ? null : <rect key={index} x={px(index) - (width * of) / 2 + width * at} width={Math.max(1, width - (of > 1 ? 0.5 : 0))} y={Math.min(zero, y(value))} height={Math.max(0.5, Math.abs(zero - y(value)))} />))}</g>;
  }
  if (type === "scatter") return <g className={`mark ${shade}`}>{line.values.map((value, index) => (value === null ? null : <circle key={index} cx={px(index)} cy={y(value)} r="2.5" />))}</g>;
  const path = line.values.map((value, index) => (value === null ? "" : `${index === 0 || line.values[index - 1] === null ? "M" : "L"}${px(index).toFixed(1)} ${y(value).toFixed(1)}`)).join("");
  return <path className={`stroke ${shade}`} d={path} />;
}
