/** A reader of server-sent events over fetch: it can resume with a header, which the browser's own reader cannot after a failure. */

/** One message. */
export interface ServerEvent {
  id: string | undefined;
  data: string;
}

/** Cuts a stream of text into messages; feed it chunks as they come. */
export class EventSplitter {
  private rest = "";
  private id: string | undefined;
  private data: string[] = [];

  /** The messages completed by this chunk. */
  push(chunk: string): ServerEvent[] {
    const messages: ServerEvent[] = [];
    this.rest += chunk;
    const lines = this.rest.split(/\r\n|\n|\r/);
    // A lone carriage return at the end may be half of a pair: keep it for the next chunk.
    this.rest = this.rest.endsWith("\r") ? `${lines.at(-2) ?? ""}\r` : (lines.at(-1) ?? "");
    const complete = this.rest.endsWith("\r") ? lines.slice(0, -2) : lines.slice(0, -1);
    for (const line of complete) {
      if (line === "") {
        if (this.data.length > 0) messages.push({ id: this.id, data: this.data.join("\n") });
        this.data = [];
      } else this.field(line);
    }
    return messages;
  }

  private field(line: string): void {
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else if (name === "id") this.id = value;
  }
}

export interface StreamHandlers {
  onOpen: () => void;
  onMessage: (event: ServerEvent) => void;
  /** Anything came, a comment too: the server is there. */
  onSign: () => void;
}

/** No sign for this long means the stream is dead; the server sends a comment each 15 s. */
export const SILENCE_MS = 40_000;

/** Read one stream until it ends or fails; the promise tells how. */
export async function readStream(url: string, lastId: string | undefined, handlers: StreamHandlers, signal: AbortSignal): Promise<"ended" | "refused"> {
  const own = new AbortController();
  const stop = () => own.abort();
  signal.addEventListener("abort", stop);
  let silence = setTimeout(stop, SILENCE_MS);
  try {
    const headers: Record<string, string> = { accept: "text/event-stream", "x-rostrum-client": "ui" };
    if (lastId !== undefined) headers["last-event-id"] = lastId;
    const response = await fetch(url, { headers, credentials: "same-origin", signal: own.signal, cache: "no-store" });
    if (response.status === 401 || response.status === 403) return "refused";
    if (!response.ok || !response.body) return "ended";
    handlers.onOpen();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const splitter = new EventSplitter();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return "ended";
      clearTimeout(silence);
      silence = setTimeout(stop, SILENCE_MS);
      handlers.onSign();
      for (const event of splitter.push(value)) handlers.onMessage(event);
    }
  } catch {
    return "ended";
  } finally {
    clearTimeout(silence);
    signal.removeEventListener("abort", stop);
    own.abort();
  }
}
