import { expect, it } from 'vitest';
import { event } from '@/test/make';
import { eventWords } from './events';
import { bitrate, bytes, clock, milliseconds, span } from './format';
import { outputWords } from './states';

it('figures read the same everywhere', () => {
  expect([0, 950, 128_000, 6_020_000, 51_400_000].map(bitrate)).toEqual(['–', '1 kbit/s', '128 kbit/s', '6.02 Mbit/s', '51.4 Mbit/s']);
  expect([0, 999, 2_881_000_000, 148_000_000].map(bytes)).toEqual(['0 B', '999 B', '2.9 GB', '148 MB']);
  expect([0, 59, 61, 3855].map(clock)).toEqual(['0:00', '0:59', '1:01', '1:04:15']);
  expect([12, 240, 12_000, 86_400, 432_000].map(span)).toEqual(['12 s', '4 min', '3 h 20 min', '1 day', '5 days']);
  expect([48, -38, 1530, null].map(milliseconds)).toEqual(['48 ms', '−38 ms', '1.5 s', '–']);
});

it('a word that is not known is shown as it is', () => {
  expect(outputWords('teleporting')).toMatchObject({ tone: 'off', word: 'teleporting' });
  expect(eventWords(event('moon.rose', { title: 'The moon rose' }))).toMatchObject({ title: 'moon.rose', detail: 'The moon rose' });
});

it('an event says whose doing it was', () => {
  const names = () => 'Twitch';
  expect(eventWords(event('output.state', { destination_id: 'd', state: 'sending', recovered_after_s: 12 }), names)).toMatchObject({ title: 'Twitch recovered after 12 s', party: 'destination', tone: 'ok' });
  expect(eventWords(event('output.state', { destination_id: 'd', state: 'failed', reason: 'publish_rejected' }), names)).toMatchObject({ title: 'Twitch needs you', tone: 'bad', detail: 'Twitch: it refused the stream key' });
  expect(eventWords(event('ingest.interrupted', { hold_s: 30 }))).toMatchObject({ party: 'encoder', tone: 'warn', detail: 'for up to 30 s' });
});
