/** `[status, body]` for a request. */
export function answer(method: string, path: string, query: URLSearchParams, body?: unknown): [number, unknown];
/** One second of a project that is on the air, as the event stream tells it. */
export function second(project: { id: string }): unknown;
