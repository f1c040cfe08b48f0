// An event as a sentence, and whose doing it was: the encoder's side, ours, or the destination's.
import type { Event } from '../api/types';
import { count, span } from './format';
import { OUTPUT, REASONS, type Sign, type Tone } from './states';

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

function output(data: Data, names: Names): EventWords {
  const name = destination(data, names);
  const state = text(data.state) ?? 'idle';
  const reason = text(data.reason);
  const why = text(data.title) ?? (reason && `${name}: ${REASONS[reason] ?? reason}`);
  const attempt = number(data.attempt);
  const after = number(data.recovered_after_s) ?? number(data.down_s);
  if (state === 'sending') {
    return after
      ? words('destination', 'ok', 'flow', `${name} recovered after ${span(after)}`)
      : words('destination', 'ok', 'flow', `${name} is sending`);
  }
  if (state === 'retrying') {
    return words('destination', 'warn', 'again', `${name} dropped, trying again`, join(why, attempt ? `attempt ${attempt}` : null, text(data.detail)));
  }
  if (state === 'failed') return words('destination', 'bad', 'alert', `${name} needs you`, join(why, text(data.detail)));
  const known = OUTPUT[state as keyof typeof OUTPUT];
  return words(state === 'disabled' ? 'person' : 'server', known?.tone ?? 'off', known?.sign ?? 'info', `${name}: ${(known?.word ?? state).toLowerCase()}`, why);
}

type Say = (data: Data, names: Names) => EventWords;
const from = (data: Data): string | null => text(data.remote) ?? text(data.from) ?? text(data.address);

const SAY: Record<string, Say> = {
  'ingest.connected': (d) => words('encoder', 'info', 'flow', 'Encoder connected', join(text(d.encoder), from(d))),
  'ingest.rejected': (d) => words('encoder', 'bad', 'alert', 'An encoder was turned away', join(text(d.why) ?? text(d.reason) ?? text(d.title), from(d))),
  'ingest.interrupted': (d) =>
    words('encoder', 'warn', 'hold', 'Encoder dropped, the show is held', join(text(d.reason) ?? text(d.detail), number(d.hold_s) ? `for up to ${span(Number(d.hold_s))}` : null)),
  'ingest.resumed': (d) =>
    words('encoder', 'ok', 'flow', number(d.away_s) ? `Encoder back after ${span(Number(d.away_s))}` : 'Encoder back', from(d)),
  'ingest.disconnected': (d) => words('encoder', 'off', 'off', 'Encoder disconnected', text(d.reason) ?? text(d.detail)),
  'stream.started': (d) => words('encoder', 'ok', 'flow', 'On the air', text(d.encoder)),
  'stream.ended': (d) => words('encoder', 'off', 'off', 'Show ended', join(text(d.reason) ?? text(d.end_reason), number(d.duration_s) ? `after ${span(Number(d.duration_s))}` : null)),
  'playback.ready': () => words('server', 'info', 'flow', 'Viewers can watch'),
  'health.changed': (d) => {
    const issue = text(d.title) ?? text(d.code);
    const bad = d.severity === 'error' || d.status === 'bad';
    if (d.status === 'good' || d.cleared === true) return words('encoder', 'ok', 'flow', issue ? `Over: ${issue}` : 'Signal is good again');
    return words('encoder', bad ? 'bad' : 'warn', 'alert', issue ?? 'Signal health changed', text(d.what_to_do));
  },
  'output.state': output,
  'destination.tested': (d, n) =>
    words('person', d.ok === false ? 'bad' : 'ok', d.ok === false ? 'alert' : 'flow', `${destination(d, n)}: test ${d.ok === false ? 'failed' : 'passed'}`, text(d.detail)),
  'destination.changed': (d, n) => words('person', 'off', 'info', `${destination(d, n)} was changed`, text(d.by)),
  'destination.deleted': (d, n) => words('person', 'off', 'info', `${destination(d, n)} was removed`, text(d.by)),
  'project.changed': (d) => words('person', 'off', 'info', 'Project settings changed', text(d.by)),
  'project.deleted': (d) => words('person', 'off', 'info', 'Project deleted', text(d.name)),
  'stream_key.changed': (d) => words('person', 'off', 'info', 'Stream keys changed', join(text(d.name), text(d.by))),
  'stream_key.revealed': (d) => words('person', 'warn', 'info', 'A stream key was shown', join(text(d.name), text(d.by))),
  'user.signed_in': (d) => words('person', 'off', 'info', `${text(d.name) ?? text(d.email) ?? 'Somebody'} signed in`, from(d)),
  'node.joined': (d) => words('server', 'info', 'info', `Node ${text(d.node_id) ?? text(d.id) ?? ''} joined`),
  'node.left': (d) => words('server', 'warn', 'alert', `Node ${text(d.node_id) ?? text(d.id) ?? ''} left`, count(number(d.streams) ?? 0, 'stream')),
};

export function eventWords(event: Event, names: Names = () => undefined): EventWords {
  const say = SAY[event.type];
  return say ? say(event.data, names) : words('server', 'off', 'info', event.type, text(event.data.title) ?? text(event.data.detail));
}
