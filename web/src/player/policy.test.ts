import { expect, it } from 'vitest';
import { POLICY, Retries } from './policy';

const even = () => 0.5;

it('a decoder is put on its feet twice, then a new player is built', () => {
  const retries = new Retries(POLICY, even);
  const verdicts = [1, 2, 3].map((at) => retries.after({ kind: 'media' }, at));
  expect(verdicts).toEqual([{ do: 'recover' }, { do: 'recover' }, { do: 'rebuild', afterMs: 1000 }]);
});

it('waits grow to 30 s and stay there', () => {
  const retries = new Retries(POLICY, even);
  const waits = Array.from({ length: 8 }, (_, at) => retries.after({ kind: 'network' }, at)).map((verdict) => 'afterMs' in verdict && verdict.afterMs);
  expect(waits).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});

it('waits are spread, so that viewers do not return all at once', () => {
  const [least, most] = [0, 0.999].map((value) => new Retries(POLICY, () => value).after({ kind: 'network' }, 0));
  expect(least).toEqual({ do: 'rebuild', afterMs: 500 });
  expect(most).toMatchObject({ do: 'rebuild', afterMs: 1499 });
});

it('a picture that was healthy for a while starts from the first wait again', () => {
  const retries = new Retries(POLICY, even);
  for (let at = 0; at < 5; at += 1) retries.after({ kind: 'network' }, at);
  retries.playing(1000);
  expect(retries.after({ kind: 'network' }, 1000 + POLICY.healthyMs + 1)).toEqual({ do: 'rebuild', afterMs: 1000 });
  expect(retries.total).toBe(6);
});

it('a codec that this browser lacks is not tried in a loop', () => {
  expect(new Retries(POLICY, even).after({ kind: 'codec', codec: 'hvc1' }, 0)).toEqual({ do: 'refuse', afterMs: 20_000 });
});
