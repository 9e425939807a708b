export default function Page(_: { target?: unknown }) { return null; }
