import { expect, test } from "vitest";
import { waitWords } from "../src/parts/waits";
import { actionsOf } from "../src/live/reduce";

const wait = { kind: "pool", name: "db", limit: 2, held: 2, position: 1, since: "2026-01-01T00:00:00Z", holders: [] };

test("a wait says how much is taken", () => {
  expect(waitWords(wait)).toBe("waits for pool db: 2 of 2 taken");
  expect(waitWords({ ...wait, limit: 0, held: 0 })).toBe("waits for pool db: nobody is let in (limit 0)");
  expect(waitWords({ ...wait, held: 0 })).toBe("waits for pool db: its turn");
  expect(waitWords({ ...wait, limit: null })).toBe("waits for pool db: 2 taken");
});

test("a changed limit is fetched wherever it shows", () => {
  const keys = actionsOf({ topic: "limits" }).map((action) => (action.kind === "refetch" ? action.key[0] : action.kind));
  expect(keys).toContain("system");
  expect(keys).toContain("shell");
});
