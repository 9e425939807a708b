/** An exception: what, where in the person's code, and the frames behind it. */

import { Fragment, useState } from "react";
import type { ErrorInfo, Frame } from "../api/shapes";
import { errorWords } from "../format/run";
import { Icon } from "./icons";

/** Lines shown before and after the line of a call. */
const BEFORE = 3;
const AFTER = 2;

/** The innermost frame of the person's code, looking into causes. */
export function userFrame(error: ErrorInfo): Frame | undefined {
  return error.frames?.findLast((frame) => frame.user) ?? (error.cause ? userFrame(error.cause) : undefined);
}

/** The error behind an error, the one that says most: the innermost with a frame of the person's code, else the first. */
export function rootError(error: ErrorInfo): ErrorInfo {
  return chain(error).findLast((part) => part.frames?.some((frame) => frame.user)) ?? error;
}

/** `path:line` as people paste it into an editor. */
export function placeOf(frame: Frame): string {
  return `${frame.file}:${frame.line}`;
}

/** Everything as text, for the clipboard. */
export function errorText(error: ErrorInfo): string {
  const frames = (error.frames ?? []).map((frame) => `  ${placeOf(frame)} in ${frame.function}`).join("\n");
  const group = (error.group ?? []).map((part) => `${errorText(part)}\n\nin the group of\n\n`).join("");
  const cause = group + (error.cause ? `${errorText(error.cause)}\n\ncaused\n\n` : "");
  return `${cause}${frames ? `${frames}\n` : ""}${errorWords(error)}`;
}

/** The lines worth showing: some before and after the call, no blank ones at the ends. */
function around(frame: Frame): { first: number; lines: readonly string[] } {
  const start = frame.first_source_line ?? frame.line;
  const all = frame.source ?? [];
  const hot = frame.line - start;
  let from = Math.max(0, hot - BEFORE);
  let until = Math.min(all.length, hot + AFTER + 1);
  while (from < hot && !all[from]?.trim()) from += 1;
  while (until > hot + 1 && !all[until - 1]?.trim()) until -= 1;
  return { first: start + from, lines: all.slice(from, until) };
}

/** One frame with its lines of code; the line of the call is marked. */
export function Source({ frame, plain = false }: { frame: Frame; plain?: boolean }) {
  const { first, lines } = around(frame);
  const indent = Math.min(...lines.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length), 40);
  return (
    <div className={plain ? "src is-plain" : "src"} tabIndex={0} role="group" aria-label={`${placeOf(frame)} in ${frame.function}`}>
      <span className="at"><b>{placeOf(frame)}</b> in {frame.function}</span>
      {lines.map((line, index) => {
        const number = first + index;
        return (
          <div key={number} className={number === frame.line ? "hot" : undefined}>
            <span>{number}</span>
            <span>{line.slice(Number.isFinite(indent) ? indent : 0) || " "}</span>
          </div>
        );
      })}
    </div>
  );
}

function chain(error: ErrorInfo): ErrorInfo[] {
  return [error, ...(error.group ?? []).flatMap(chain), ...(error.cause ? chain(error.cause) : [])];
}

/** The frames of an exception: the person's innermost is open, the others and the library's are folded. */
export function Frames({ error, children }: { error: ErrorInfo; children?: React.ReactNode }) {
  const all = chain(error).flatMap((part) => part.frames ?? []);
  const own = all.filter((frame) => frame.user);
  const library = all.filter((frame) => !frame.user);
  const [openOwn, setOpenOwn] = useState(own.length === 1);
  const [openLibrary, setOpenLibrary] = useState(own.length === 0 && library.length > 0 && library.length <= 3);
  const inner = userFrame(error);
  // From the innermost outwards, each error of the chain under its own name.
  const parts = chain(error).map((part, index) => ({ part, index, frames: (part.frames ?? []).filter((frame) => frame.user && frame !== inner).toReversed() }));
  return (
    <>
      {inner && (openOwn || own.length > 1) && <Source frame={inner} />}
      {parts.map(({ part, index, frames }) => (
        // The same error can be in a chain twice.
        <Fragment key={`${index}-${part.class_name}`}>
          {index > 0 && <div className="cause"><span className="faint">caused by</span> <b>{errorWords(part)}</b></div>}
          {openOwn && frames.map((frame, at) => <Source key={`${at}-${placeOf(frame)}`} frame={frame} plain />)}
        </Fragment>
      ))}
      {openLibrary && (
        <div className="library">
          {library.map((frame, index) => (
            // The same place can be on the stack twice.
            <div key={`${index}-${placeOf(frame)}`} className="mono cut">{placeOf(frame)} <span className="faint">in {frame.function}</span></div>
          ))}
        </div>
      )}
      <div className="frames">
        {own.length > 0 && (
          <button type="button" className="disc" aria-expanded={openOwn} onClick={() => setOpenOwn(!openOwn)}>
            <Icon name={openOwn ? "down" : "right"} />Your frames ({own.length})
          </button>
        )}
        {library.length > 0 && (
          <button type="button" className="disc" aria-expanded={openLibrary} onClick={() => setOpenLibrary(!openLibrary)}>
            <Icon name={openLibrary ? "down" : "right"} />Library frames ({library.length})
          </button>
        )}
        <span className="grow" />
        {children}
      </div>
    </>
  );
}
