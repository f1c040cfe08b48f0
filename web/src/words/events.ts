// An event as a sentence, and whose doing it was: the encoder's side, ours, or the destination's.
import type { Event } from '../api/types';
import { count, span } from './format';
import { DEPARTURES, OUTPUT, REASONS, REFUSALS, type Sign, type Tone } from './states';

export type Party = 'encoder' | 'server' | 'destination' | 'person';

export const PARTY: Record<Party, string> = {
  encoder: 'Encoder',
  server: 'gostream',
  destination: 'Destination',
  person: 'Somebody',
};

export interface EventWords {
  title: string;
  detail: string | null;
  tone: Tone;
  sign: Sign;
  party: Party;
  /** Who did it, where that is known. */
  who?: string;
}

type Data = Record<string, unknown>;
type Names = (destinationId: string) => string | undefined;

const text = (value: unknown): string | null => (typeof value === 'string' && value ? value : null);
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const join = (...parts: (string | null)[]): string | null => parts.filter(Boolean).join(' · ') || null;

function destination(data: Data, names: Names): string {
  const id = text(data.destination_id);
  return text(data.destination_name) ?? text(data.name) ?? (id && names(id)) ?? 'A destination';
}

const words = (party: Party, tone: Tone, sign: Sign, title: string, detail: string | null = null): EventWords => ({
  party,
  tone,
  sign,
  title,
  detail,
});

const seconds = (data: Data, ...names: string[]): string | null => {
  const name = names.find((each) => number(data[each]) !== null);
  if (!name) return null;
  return span(Number(data[name]) / (name.endsWith('_ms') ? 1000 : 1));
};

/** What an encoder says it is: a word, or an object with the address beside it. */
export function encoderName(encoder: unknown): string | null {
  const raw = typeof encoder === 'object' && encoder !== null ? text((encoder as Data).software) : text(encoder);
  // What programs say of themselves on the wire is for programs.
  const library = raw && /Lavf([\d.]+)/.exec(raw)?.[1];
  if (library) return `FFmpeg (Lavf ${library})`;
  // What another of this kind says, and the test pattern.
  if (raw && /compatible; gostream\b/.test(raw)) return 'gostream';
  const obs = raw && /libobs version ([\w.-]+)/.exec(raw)?.[1];
  return obs ? `OBS Studio ${obs}` : raw;
}

function output(data: Data, names: Names): EventWords {
  const name = destination(data, names);
  const state = text(data.state) ?? 'idle';
  const reason = text(data.reason);
  // The title has the name already.
  const cause = reason && (REASONS[reason] ?? reason);
  const why = text(data.title) ?? (cause && cause.charAt(0).toUpperCase() + cause.slice(1));
  const attempt = number(data.attempt);
  const after = seconds(data, 'recovered_after_s');
  if (state === 'sending') {
    return words('destination', 'ok', 'flow', after ? `${name} recovered after ${after}` : `${name} is sending`);
  }
  if (state === 'retrying') {
    const tries = attempt && attempt > 1 ? `attempt ${attempt}` : null;
    return words('destination', 'warn', 'again', attempt && attempt > 1 ? `${name} is still retrying` : `${name} dropped, trying again`, join(why, tries, text(data.detail)));
  }
  if (state === 'failed') return words('destination', 'bad', 'alert', `${name} needs you`, join(why, text(data.detail)));
  const known = OUTPUT[state as keyof typeof OUTPUT];
  return words(state === 'disabled' ? 'destination' : 'server', known?.tone ?? 'off', known?.sign ?? 'info', `${name}: ${(known?.word ?? state).toLowerCase()}`, why);
}

function health(data: Data): EventWords {
  const issues = Array.isArray(data.issues) ? (data.issues as Data[]) : [];
  const [worst] = issues;
  if (!worst) return words('encoder', 'ok', 'flow', 'The signal is good');
  const bad = worst.severity === 'error';
  const others = issues.length > 1 ? `and ${issues.length - 1} more` : null;
  const title = [text(worst.title) ?? text(worst.code) ?? 'The signal changed', others].filter(Boolean).join(', ');
  const party = worst.destination_id || worst.destination ? 'destination' : 'encoder';
  return words(party, bad ? 'bad' : worst.severity === 'info' ? 'info' : 'warn', 'alert', title, text(worst.detail) ?? text(worst.what_to_do));
}

/** The parts of a project, as an event names those that are others than before. */
const PARTS: Record<string, string> = { running: 'Start or stop', settings: 'Settings', stream_keys: 'Stream keys', destinations: 'Destinations' };

function project(data: Data): EventWords {
  // Nobody's doing is the server's own: its first project, and what its file or another node says.
  const party = text(data.by) ? 'person' : 'server';
  const changed = Array.isArray(data.changed) ? (data.changed as string[]) : [];
  if (changed.includes('created')) return words(party, 'off', 'info', 'Project created');
  if (changed.join() === 'running') return words(party, 'off', 'info', data.running ? 'All destinations started' : 'All destinations stopped');
  const [first, ...others] = changed.map((part) => PARTS[part] ?? part);
  const parts = first && [first, ...others.map((part) => part.toLowerCase())];
  return words(party, 'off', 'info', `${parts ? parts.join(' and ') : 'Settings, keys or destinations'} changed`);
}

type Say = (data: Data, names: Names) => EventWords;
const from = (data: Data): string | null => text(data.from) ?? text(data.remote) ?? text(data.address);
const program = (data: Data): string | null => encoderName(data.software) ?? encoderName(data.encoder);
const times = (data: Data): string | null => ((number(data.attempts) ?? 1) > 1 ? `${Number(data.attempts)} times` : null);
const coded = (value: unknown, table: Record<string, string>): string | null => {
  const code = text(value);
  return code && (table[code] ?? code);
};

const node = (data: Data): string => text(data.node) ?? text(data.node_id) ?? text(data.id) ?? '';

const SAY: Record<string, Say> = {
  'ingest.connected': (d) => words('encoder', 'info', 'flow', 'Encoder connected', join(program(d), from(d))),
  'ingest.rejected': (d) => words('encoder', 'bad', 'alert', 'An encoder was turned away', join(coded(d.reason, REFUSALS), from(d), times(d))),
  'ingest.interrupted': (d) => words('encoder', 'warn', 'hold', 'Encoder dropped, the show is held', coded(d.reason, DEPARTURES)),
  'ingest.resumed': (d) => {
    const after = seconds(d, 'after_ms', 'away_s');
    return words('encoder', 'ok', 'flow', after ? `Encoder back after ${after}` : 'Encoder back', from(d));
  },
  'ingest.disconnected': (d) => words('encoder', 'off', 'off', 'Encoder disconnected', join(coded(d.reason, DEPARTURES), text(d.detail))),
  'stream.started': (d) => words('encoder', 'ok', 'flow', 'On the air', program(d)),
  'stream.ended': (d) => {
    const after = seconds(d, 'seconds', 'duration_s');
    return words('encoder', 'off', 'off', after ? `Show ended after ${after}` : 'Show ended', coded(d.reason, DEPARTURES));
  },
  'playback.ready': () => words('server', 'info', 'flow', 'Viewers can watch'),
  'health.changed': health,
  'output.state': output,
  'destination.tested': (d, n) =>
    words('person', d.ok === false ? 'bad' : 'ok', d.ok === false ? 'alert' : 'flow', `${destination(d, n)}: test ${d.ok === false ? 'failed' : 'passed'}`, text(d.detail)),
  'destination.changed': (d, n) => words('person', 'off', 'info', `${destination(d, n)} was changed`),
  'destination.deleted': (d, n) => words('person', 'off', 'info', `${destination(d, n)} was removed`),
  'project.changed': project,
  'project.deleted': (d) => words(text(d.by) ? 'person' : 'server', 'off', 'info', 'Project deleted', text(d.name)),
  'stream_key.changed': (d) => words('person', 'off', 'info', 'Stream keys changed', text(d.name)),
  'stream_key.revealed': (d) => words('person', 'warn', 'info', 'A stream key was shown', text(d.name)),
  'user.signed_in': (d) => words('person', 'off', 'info', `${text(d.name) ?? text(d.email) ?? 'Somebody'} signed in`, from(d)),
  'node.joined': (d) => words('server', 'info', 'info', `Node ${node(d)} joined`),
  'node.left': (d) => words('server', 'warn', 'alert', `Node ${node(d)} left`),
  'events.lost': (d) => words('server', 'warn', 'alert', `${count(number(d.count) ?? 0, 'event')} could not be written down`),
  'webhook.disabled': (d) => words('server', 'bad', 'alert', 'A webhook was switched off', join(text(d.url), text(d.reason))),
  'webhook.test': () => words('person', 'off', 'info', 'A webhook was tested'),
};

export function eventWords(event: Event, names: Names = () => undefined): EventWords {
  const say = SAY[event.type];
  // Who signed in did so themselves; elsewhere `by` is a name.
  const who = text(event.type === 'user.signed_in' ? event.data.name : event.data.by);
  if (say) return { ...say(event.data, names), ...(who && { who }) };
  return words('server', 'off', 'info', event.type, text(event.data.title) ?? text(event.data.detail));
}

/** States that are on the way to another one: true for a moment, and nothing to remember. */
const PASSING = new Set(['connecting', 'stopping']);

/** What a change of health says of the signal; nothing where only destinations changed, which tell of themselves. */
function ofSignal(event: Event, told: Map<string, string>): Event[] {
  const all = Array.isArray(event.data.issues) ? (event.data.issues as Data[]) : [];
  const issues = all.filter((issue) => !issue.destination_id && !issue.destination);
  const show = event.stream_id ?? '';
  const codes = issues.map((issue) => text(issue.code) ?? text(issue.title)).join();
  if (codes === (told.get(show) ?? '')) return [];
  told.set(show, codes);
  return [{ ...event, data: { ...event.data, issues } }];
}

/**
 * Events as people read them, newest first: without what only passes or is told by another, and with how long each
 * destination was in trouble before it sent again.
 */
export function asTold(events: Event[]): Event[] {
  const since = new Map<string, number>();
  const signal = new Map<string, string>();
  const told = events.toReversed().flatMap((event) => {
    if (event.type === 'health.changed') return ofSignal(event, signal);
    if (event.type !== 'output.state') return [event];
    const { state } = event.data;
    const id = text(event.data.destination_id) ?? text(event.data.destination) ?? '';
    if (PASSING.has(String(state))) return [];
    const began = since.get(id);
    if (state === 'retrying' || state === 'failed') since.set(id, began ?? Date.parse(event.time));
    else since.delete(id);
    if (state !== 'sending' || began === undefined) return [event];
    const recovered_after_s = (Date.parse(event.time) - began) / 1000;
    return [{ ...event, data: { recovered_after_s, ...event.data } }];
  });
  return told.toReversed();
}
