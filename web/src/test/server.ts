// A server of a few answers, in place of `fetch`. It stands for the API's form alone; whether the API keeps to that form
// is for the tests that start the engine.
import { vi } from 'vitest';

type Body = Record<string, unknown>;
export interface Asked {
  method: string;
  path: string;
  /** With its `?`, where it has one. */
  search: string;
  body: Body | null;
  headers: Headers;
}
type Answer = unknown | ((asked: Asked) => unknown);

/** An answer that is a refusal (RFC 9457). */
export class Refused {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title = code,
    readonly errors?: { pointer: string; detail: string }[],
  ) {}
}

/** `{'GET /api/v1/projects': …}`; whatever is not there is a 404. The answer holds what was asked, in order. */
export function serve(routes: Record<string, Answer>): { asked: Asked[]; routes: Record<string, Answer>; count: (route: string) => number } {
  const asked: Asked[] = [];
  const fetched = async (input: Request | string, init?: RequestInit): Promise<Response> => {
    const request = new Request(typeof input === 'string' ? new URL(input, location.origin) : input, init);
    const { pathname: path, search } = new URL(request.url);
    const text = await request.text();
    const one: Asked = { method: request.method, path, search, body: text ? (JSON.parse(text) as Body) : null, headers: request.headers };
    asked.push(one);
    const route = routes[`${request.method} ${path}`];
    const value = await (typeof route === 'function' ? (route as (asked: Asked) => unknown)(one) : route);
    if (value instanceof Response) return value;
    if (value === undefined) return problem(new Refused(404, 'not_found', `no ${request.method} ${path} in this test`));
    if (value instanceof Refused) return problem(value);
    if (value === null) return new Response(null, { status: 204 });
    return Response.json(value);
  };
  vi.stubGlobal('fetch', fetched);
  return { asked, routes, count: (route) => asked.filter(({ method, path }) => `${method} ${path}` === route).length };
}

function problem({ status, code, title, errors }: Refused): Response {
  const body = { type: `urn:gostream:problem:${code}`, title, status, code, request_id: 'req_1', ...(errors && { errors }) };
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/problem+json' } });
}

/** A list's only page. */
export const page = <T>(...items: T[]) => ({ items, next_cursor: null });
