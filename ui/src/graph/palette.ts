/** The colours of the theme as a canvas needs them: resolved. */

const NAMES = ["bg", "surface", "raised", "line", "hair", "control", "text", "muted", "faint", "accent", "accent-bg", "ok", "ok-bg", "fail", "fail-bg", "run", "run-bg", "bar", "bar-soft", "cell-ok", "warn"] as const;

/** Resolved colours by token name. */
export type Palette = Record<(typeof NAMES)[number], string> & { sans: string };

/** Read the tokens as they are now. */
export function readPalette(): Palette {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const palette = { sans: getComputedStyle(document.body).fontFamily } as Palette;
  for (const name of NAMES) {
    probe.style.color = `var(--${name})`;
    palette[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return palette;
}

/** Hear of a change of theme. */
export function onThemeChange(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const query = window.matchMedia("(prefers-color-scheme: dark)");
  query.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    query.removeEventListener("change", changed);
  };
}
