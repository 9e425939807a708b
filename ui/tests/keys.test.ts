import { describe, expect, it } from "vitest";
import { type Cursor, extend, pressKey, START, toggle } from "../src/list/keys";

const ids = ["a", "b", "c", "d", "e"];

function press(cursor: Cursor, keys: string, selectable = true): { cursor: Cursor; command: string } {
  let command = "none";
  let now = cursor;
  for (const part of keys.split(" ")) {
    const shift = part.startsWith("S-");
    const ctrl = part.startsWith("C-");
    const key = shift || ctrl ? part.slice(2) : part;
    const answer = pressKey(now, { key: key === "Space" ? " " : key, shift, ctrl }, ids, 3, selectable);
    if (answer) ({ cursor: now, command } = answer);
  }
  return { cursor: now, command };
}

describe("list keyboard", () => {
  it.each([
    ["j j k", 1],
    ["ArrowDown ArrowDown", 2],
    ["k", 0],
    ["End j", 4],
    ["End Home", 0],
    ["PageDown", 3],
    ["PageDown PageDown", 4],
    ["End PageUp", 1],
  ])("%s goes to row %i", (keys, row) => expect(press(START, keys).cursor.active).toBe(row));

  it("marks with x and Space, unmarks again", () => {
    expect([...press(START, "x j Space").cursor.selected]).toEqual(["a", "b"]);
    expect(press(START, "x x").cursor.selected.size).toBe(0);
  });
  it("marks a range with Shift from the last plain place", () => {
    expect([...press(START, "j S-ArrowDown S-j").cursor.selected].toSorted()).toEqual(["b", "c", "d"]);
    expect([...press(START, "j x j j S-k").cursor.selected].toSorted()).toEqual(["b", "c", "d"]);
  });
  it("marks all with Ctrl A and clears with Escape, then closes", () => {
    expect(press(START, "C-a").cursor.selected.size).toBe(5);
    const cleared = press(START, "C-a Escape");
    expect(cleared.cursor.selected.size).toBe(0);
    expect(cleared.command).toBe("none");
    expect(press(START, "Escape").command).toBe("close");
  });
  it.each([
    ["Enter", "open"],
    ["i", "inspect"],
    [".", "actions"],
    ["r", "retry"],
  ])("%s means %s", (key, command) => expect(press(START, key).command).toBe(command));
  it("does not mark where rows cannot be marked", () => {
    expect(press(START, "x S-j", false).cursor.selected.size).toBe(0);
  });
  it("leaves other keys alone and keeps the row in bounds when rows vanish", () => {
    expect(pressKey(START, { key: "q", shift: false, ctrl: false }, ids, 3, true)).toBeUndefined();
    expect(pressKey(START, { key: "j", shift: false, ctrl: false }, [], 3, true)).toBeUndefined();
    expect(pressKey({ ...START, active: 99 }, { key: "k", shift: false, ctrl: false }, ids, 3, true)?.cursor.active).toBe(3);
  });
  it("serves the mouse with the same rules", () => {
    const first = toggle(START, 1, ids);
    expect([...extend(first, 3, ids).selected]).toEqual(["b", "c", "d"]);
    expect(toggle(first, 9, ids)).toBe(first);
  });
});
