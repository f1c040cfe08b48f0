// How the dashboard speaks to the server: one typed client, and one error type for whatever goes wrong.
import createClient from 'openapi-fetch';
import type { paths } from './schema';
import type { Problem } from './types';

/** What the server said was wrong (RFC 9457), or that it said nothing. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Problem | null;
  /** Seconds to wait, where the server named them. */
  readonly retryAfterS: number | null;

  constructor(status: number, problem: Problem | null, retryAfter: string | null = null) {
    super(problem?.detail ?? problem?.title ?? (status ? `The server answered ${status}.` : 'The server does not answer.'));
    this.name = 'ApiError';
    this.status = status;
    this.code = problem?.code ?? (status ? 'http' : 'unreachable');
    this.problem = problem;
    this.retryAfterS = retryAfter ? Number(retryAfter) || null : null;
  }

  /** What is wrong with each field, by its JSON pointer without the slash. */
  get fields(): Record<string, string> {
    const entries = this.problem?.errors?.map(({ pointer, detail }) => [pointer.replace(/^#?\//, ''), detail] as const);
    return Object.fromEntries(entries ?? []);
  }
}

type Listener = () => void;
const signedOut = new Set<Listener>();

/** Calls back whenever the server says that nobody is signed in any more. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

export const api = createClient<paths>({
  baseUrl: typeof location === 'undefined' ? '' : location.origin,
  // Looked up at each call, because a test puts its own in place after this module was read.
  fetch: (request: Request) => globalThis.fetch(request),
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; everything else is thrown as an `ApiError`. */
export async function ok<T>(answer: Promise<Answer<T>>): Promise<T> {
  let settled: Answer<T>;
  try {
    settled = await answer;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError(0, null);
  }
  const { data, error, response } = settled;
  if (response.ok) return data as T;
  const problem = isProblem(error) ? error : null;
  if (response.status === 401 && !response.url.endsWith('/session')) for (const each of signedOut) each();
  throw new ApiError(response.status, problem, response.headers.get('Retry-After'));
}

function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'title' in value && 'code' in value;
}

/** The header that makes a change refuse to overwrite somebody else's. */
export function ifMatch(resource: { revision: number }): { 'If-Match': string } {
  return { 'If-Match': `"${resource.revision}"` };
}

/** The header that makes a creation happen once, however often it is sent. */
export function once(): { 'Idempotency-Key': string } {
  // `crypto.randomUUID` is missing on plain http at another name than localhost; this is not.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return { 'Idempotency-Key': Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('') };
}
