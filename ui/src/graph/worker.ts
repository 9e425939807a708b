/** The layout off the main thread. One question, one answer. */

import { type GraphInput, layoutGraph } from "./layout";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

scope.onmessage = (event: MessageEvent<{ id: number; input: GraphInput }>) => {
  const layout = layoutGraph(event.data.input);
  const parts = [layout.x, layout.y, layout.rank, layout.segments, layout.segmentSource, layout.segmentTarget].map((array) => array.buffer as ArrayBuffer);
  scope.postMessage({ id: event.data.id, layout }, parts);
};
