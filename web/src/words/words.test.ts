import { expect, it } from 'vitest';
import { event } from '@/test/make';
import { asTold, encoderName, eventWords } from './events';
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
  expect(eventWords(event('output.state', { destination_id: 'd', state: 'failed', reason: 'publish_rejected' }), names)).toMatchObject({ title: 'Twitch needs you', tone: 'bad', detail: 'It refused the stream key' });
  expect(eventWords(event('ingest.interrupted', {}))).toMatchObject({ party: 'encoder', tone: 'warn' });
  expect(eventWords(event('ingest.rejected', { reason: 'unknown_key', from: '10.0.0.4', attempts: 3 }))).toMatchObject({ detail: 'the stream key is not known · 10.0.0.4 · 3 times' });
  expect(eventWords(event('stream.started', { encoder: { software: 'OBS Studio 31', from: '10.0.0.4' } }))).toMatchObject({ title: 'On the air', detail: 'OBS Studio 31' });
  expect(eventWords(event('ingest.resumed', { after_ms: 4200 }))).toMatchObject({ title: 'Encoder back after 4 s' });
  const issues = [{ title: 'There is no sound', severity: 'warning' }, { title: 'b', severity: 'info' }];
  expect(eventWords(event('health.changed', { status: 'ok', issues }))).toMatchObject({ title: 'There is no sound, and 1 more', tone: 'warn' });
  expect(eventWords(event('health.changed', { status: 'good', issues: [] }))).toMatchObject({ tone: 'ok' });
});

it('a destination that sends again says how long it did not', () => {
  const at = (second: number, state: string) => event('output.state', { destination_id: 'd', state }, { id: `evt_${second}`, time: new Date(second * 1000).toISOString() });
  const newestFirst = [at(42, 'sending'), at(41, 'connecting'), at(32, 'retrying'), at(30, 'retrying'), at(10, 'sending'), at(9, 'connecting')];
  const told = asTold(newestFirst).map((each) => [each.id, each.data.recovered_after_s]);
  expect(told).toEqual([['evt_42', 12], ['evt_32', undefined], ['evt_30', undefined], ['evt_10', undefined]]);
});

it('a destination in trouble is told of once, by its own name', () => {
  const lost = { code: 'destination_failed', severity: 'error', title: 'A destination failed', destination_id: 'd' };
  const quiet = { code: 'audio_missing', severity: 'warning', title: 'There is no sound' };
  const at = (second: number, issues: object[]) => event('health.changed', { status: 'bad', issues }, { id: `evt_${second}`, stream_id: 's' });
  const newestFirst = [at(5, []), at(4, [quiet]), at(3, [lost, quiet]), at(2, [lost]), event('output.state', { destination_id: 'd', state: 'failed' }), at(1, [])];
  const told = asTold(newestFirst).map((each) => eventWords(each, () => 'Twitch'));
  expect(told.map(({ title, tone }) => [title, tone])).toEqual([['The signal is good', 'ok'], ['There is no sound', 'warn'], ['Twitch needs you', 'bad']]);
});

it('a change says of what, and who did it', () => {
  const changed = (data: Record<string, unknown>) => {
    const { title, party, who } = eventWords(event('project.changed', data));
    return [title, who ?? party];
  };
  expect(changed({ changed: ['created'] })).toEqual(['Project created', 'server']);
  expect(changed({ changed: ['destinations'], by: 'Ada' })).toEqual(['Destinations changed', 'Ada']);
  expect(changed({ changed: ['settings', 'stream_keys'], by: 'Ada' })).toEqual(['Settings and stream keys changed', 'Ada']);
  expect(changed({ changed: ['running'], running: false, by: 'Ada' })).toEqual(['All destinations stopped', 'Ada']);
  expect(changed({})).toEqual(['Settings, keys or destinations changed', 'server']);
  const { title, who } = eventWords(event('user.signed_in', { name: 'Ada', by: 'password' }));
  expect([title, who]).toEqual(['Ada signed in', 'Ada']);
});

it('an encoder has the name that people know it by', () => {
  expect(encoderName('FMLE/3.0 (compatible; Lavf59.27.100)')).toBe('FFmpeg (Lavf 59.27.100)');
  expect(encoderName({ software: 'obs-output module (libobs version 30.2.2)' })).toBe('OBS Studio 30.2.2');
  expect(encoderName('Larix Broadcaster 1.3')).toBe('Larix Broadcaster 1.3');
  expect(encoderName(null)).toBeNull();
});
