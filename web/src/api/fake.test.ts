// The made-up server speaks as the API's document says. Pictures, axe and eyes see its answers; they would see another page
// than there is where it drifts.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { answer, second } from '../../fake/api.mjs';
import { faults, type Schema } from '@/test/schema';

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
const document = JSON.parse(readFileSync('../docs/openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};
const { schemas } = document.components;

/** What the made-up world has under each kind of id. */
const IDS: Record<string, string[]> = {
  projects: ['prj_000001', 'prj_000003', 'prj_000004', 'prj_000005'], streams: ['str_000001', 'str_000010'], destinations: ['dst_000006'], webhooks: ['whk_01'],
};
/** Of no page, so of no use to a made-up server. */
const NOT_MADE_UP = /\/(outputs|session\/oidc|viewers|stats)$|\/streams\/\{id\}\/events|\/session\/oidc|\/viewers\/|events\/stream|^\/(stream-keys|tokens|users|webhooks|destinations)\/\{id\}$/;

const read = Object.keys(document.paths).filter((path) => document.paths[path]?.get && (!NOT_MADE_UP.test(path) || path === '/streams/{id}/stats'));
const asked = read.flatMap((path) => {
  const kind = path.split('/')[1] ?? '';
  return path.includes('{id}') ? (IDS[kind] ?? []).map((id): [string, string] => [path, path.replace('{id}', id)]) : [[path, path] as [string, string]];
});

function schemaOf(path: string, method: string, status: number): Schema {
  const found = document.paths[path]?.[method]?.responses[status]?.content?.['application/json']?.schema;
  if (!found) throw new Error(`${method} ${path} has no ${status}`);
  return found;
}

it('is asked for all that pages read', () => expect(asked.length).toBeGreaterThan(35));

it.each(asked)('GET %s: %s', async (path, url) => {
  if (url.endsWith('/test')) answer('POST', url, new URLSearchParams(), { publish: false });
  const [status, body] = answer('GET', url, new URLSearchParams());
  expect(status).toBe(200);
  expect(faults(schemaOf(path, 'get', 200), body, schemas)).toEqual([]);
});

it('tells of each second as the event stream does', () => {
  expect(faults(schemas.StatsEvent ?? {}, second({ id: 'prj_000001' }), schemas)).toEqual([]);
});

it('a value that is not as the document says is told of', () => {
  const schema: Schema = { type: 'object', required: ['a'], properties: { a: { type: 'integer' }, b: { oneOf: [{ type: 'null' }, { $ref: '#/components/schemas/B' }] } } };
  const known = { B: { type: 'string', enum: ['x'] } };
  expect(faults(schema, { a: 1, b: 'x' }, known)).toEqual([]);
  expect(faults(schema, { b: 'y', c: 1 }, known)).toEqual(['/a: is missing', '/b: "y" is none of x', '/c: is not in the document']);
  expect(faults(schema, { a: 1.5 }, known)).toEqual(['/a: number, not integer']);
});
