// The API over the made-up world: enough of it for every page to be seen and every button to do something.
import * as world from './world.mjs';

const list = (items) => ({ items, next_cursor: null });
const find = (id) => world.projects.find((each) => each.id === id);
const all = () => [...world.destinations.values()].flat();
const tests = new Map();
let signedIn = true;
let setupNeeded = false;

/** For pictures of the doors. */
export function putOutside(needed) {
  signedIn = false;
  setupNeeded = needed;
}
export function putInside() {
  signedIn = true;
  setupNeeded = false;
}

class Refusal extends Error {
  constructor(status, code, title, errors) {
    super(title);
    this.problem = { type: `urn:gostream:problem:${code}`, title, status, code, instance: '', request_id: 'req_fake', ...(errors && { errors }) };
  }
}

const need = (value) => {
  if (!value) throw new Refusal(404, 'not_found', 'There is nothing under this id.');
  return value;
};

const playback = (one) => ({
  playback_id: one.playback_id, hls_url: `/hls/${process.env.FAKE_PLAYBACK ?? one.playback_id}/index.m3u8`, watch_url: `/watch/${one.playback_id}`,
  rtmp_url: `rtmp://127.0.0.1:1935/live/${one.playback_id}`, ready: one.live.state === 'live' || one.live.state === 'interrupted',
  token_required: false, token: null, token_expires_at: null,
});
const ingest = () => ({
  rtmps: [{ server: 'rtmps://live.example.com:1936/live', label: 'RTMPS' }], rtmp: [{ server: 'rtmp://192.168.1.20:1935/live', label: 'RTMP' }], publish_user_needed: false, connected: false, last_used_at: null,
  app: 'live', waiting_since: new Date(Date.now() - 9e5).toISOString(), refused: [{ at: new Date(Date.now() - 22_000).toISOString(), from: '10.0.0.4', why: 'unknown_key', times: 2 }],
});
const broadcast = (id) => need([...world.broadcasts.values()].flat().find((each) => each.id === id) ?? (world.projects.some((p) => p.live.broadcast_id === id) && { id, project_id: world.projects.find((p) => p.live.broadcast_id === id).id, node: 'studio-1', started_at: new Date(Date.now() - 9e5).toISOString(), ended_at: null, end_reason: null, encoder: 'Larix Broadcaster 1.3', live: true }));
const health = (id) => {
  const issues = world.issues.get(id) ?? [];
  const one = world.projects.find((each) => each.live.broadcast_id === id);
  return { status: issues.length ? 'ok' : 'good', issues, figures: one ? world.figures(one) : null };
};
const report = (id) => {
  const one = broadcast(id);
  const owner = find(one.project_id);
  return {
    broadcast: one, project: { id: owner.id, name: owner.name }, duration_s: ((one.ended_at ? Date.parse(one.ended_at) : Date.now()) - Date.parse(one.started_at)) / 1000,
    summary: world.summary, issues: world.issues.get('str_000001').map(({ code, severity, title, what_to_do, destination_name }) => ({ code, severity, title, what_to_do, destination_name, seconds: 412, times: 2 })),
    outputs: (world.destinations.get(owner.id) ?? []).filter((d) => d.enabled).map(({ id: destination_id, name, platform, output: { state, reason, sent_bytes, dropped_frames, reconnects } }) => ({ destination_id, name, platform, state, reason, sent_bytes, dropped_frames, reconnects })),
    events: world.events.filter((each) => each.project_id === owner.id),
  };
};

async function runTest(id, publish) {
  const steps = ['dns', 'tcp', 'tls', 'connect', 'publish'].map((step) => ({ step, state: step === 'publish' && !publish ? 'skipped' : 'pending', took_ms: null, detail: null, what_to_do: null }));
  const test = { id: `tst_${id}`, started_at: new Date().toISOString(), finished_at: null, ok: null, steps };
  tests.set(id, test);
  for (const step of steps) {
    if (step.state === 'skipped') continue;
    step.state = 'running';
    await new Promise((done) => setTimeout(done, 250));
    step.state = 'ok';
    step.took_ms = Math.round(4 + Math.random() * 40);
  }
  test.ok = true;
  test.finished_at = new Date().toISOString();
  tell('destination.tested', null, { destination_id: id, ok: true });
}

/** Set by the server: sends an event to whoever listens. */
let tell = () => {};
export const onTell = (listener) => { tell = listener; };

function change(destination, body) {
  if (process.env.FAKE_REFUSE) throw new Refusal(409, 'conflict', 'Another change is on its way.');
  const { enabled } = body;
  Object.assign(destination, body, { revision: destination.revision + 1 });
  delete destination.stream_key;
  const owner = find(destination.project_id);
  if (enabled === false) destination.output = { ...destination.output, state: 'disabled', title: '', what_to_do: null, bitrate_bits: 0 };
  if (enabled === true) destination.output = { ...destination.output, state: owner.live.state === 'live' ? 'sending' : 'idle', severity: 'ok', title: 'Sending', what_to_do: null, detail: null, bitrate_bits: owner.live.bitrate_bits, since: new Date().toISOString() };
  tell('output.state', owner, { ...destination.output });
  return destination;
}

const ROUTES = [
  ['GET', /^\/setup$/, () => ({ needed: setupNeeded, password_rule: { min_length: 12, max_length: 128 }, sign_up: false, oidc: null })],
  ['POST', /^\/setup\/link$/, (_, { link }) => {
    if (/used/.test(link)) throw new Refusal(403, 'setup_closed', 'The link does not work.');
    return { email: world.me.user.email };
  }],
  ['POST', /^\/setup$/, () => { putInside(); return world.me.user; }],
  ['POST', /^\/session$/, (_, body) => { if (body.password === 'wrong') throw new Refusal(401, 'signed_out', 'Email or password is wrong.'); putInside(); return world.me; }],
  ['DELETE', /^\/session$/, () => { signedIn = false; }],
  ['GET', /^\/me$/, () => world.me],
  ['PATCH', /^\/me$/, (_, body) => { Object.assign(world.me.user, body); return world.me; }],
  ['POST', /^\/me\/confirm$/, () => undefined],
  ['GET', /^\/me\/sessions$/, () => list(world.sessions)],
  ['GET', /^\/users$/, () => list(world.users)],
  ['GET', /^\/tokens$/, () => list(world.tokens)],
  ['POST', /^\/tokens$/, (_, body) => ({ ...world.tokens[0], ...body, secret: 'gst_4JmQx9vYtBn2LcKe8RdWz7Hs5Pf3Ga6U' })],
  ['GET', /^\/projects$/, () => list(world.projects.map(world.count))],
  ['POST', /^\/projects$/, (_, { name }) => { const made = structuredClone(world.projects[3]); Object.assign(made, { id: `prj_${Date.now()}`, name }); world.projects.push(made); world.destinations.set(made.id, []); world.streamKeys.set(made.id, world.streamKeys.get(world.projects[3].id)); return made; }],
  ['GET', /^\/projects\/(\w+)$/, ([id]) => world.count(need(find(id)))],
  ['PATCH', /^\/projects\/(\w+)$/, ([id], body) => Object.assign(need(find(id)), body, { revision: find(id).revision + 1 })],
  ['POST', /^\/projects\/(\w+)\/(start|stop)$/, ([id, what]) => Object.assign(need(find(id)), { running: what === 'start' })],
  ['GET', /^\/projects\/(\w+)\/stream-keys$/, ([id]) => ({ items: need(world.streamKeys.get(id)), next_cursor: null })],
  ['POST', /^\/stream-keys\/\w+\/reveal$/, () => ({ key: 'live_8sVq2nXw4RtYb6LcHe0Kz9Pk3Qd' })],
  ['POST', /^\/stream-keys\/\w+\/rotate$/, () => ({ ...world.streamKeys.values().next().value[0], key: 'live_new2nXw4RtYb6LcHe0Kz9Pk3Qd' })],
  ['GET', /^\/projects\/(\w+)\/destinations$/, ([id]) => ({ items: need(world.destinations.get(id)), next_cursor: null })],
  ['POST', /^\/projects\/(\w+)\/destinations$/, ([id], body) => { if (!/^rtmps?:\/\//.test(body.url)) throw new Refusal(422, 'invalid', 'The destination cannot be kept as it is.', [{ pointer: '/url', detail: 'An address begins with rtmp:// or rtmps://.' }]); const made = { ...structuredClone(all()[0]), ...body, id: `dst_${Date.now()}`, project_id: id, key_hint: String(body.stream_key ?? '').slice(-4), output: { ...all()[0].output, state: 'idle' } }; made.output.destination_id = made.id; world.destinations.get(id).push(made); return made; }],
  ['PUT', /^\/projects\/(\w+)\/destinations\/order$/, ([id], { ids }) => { world.destinations.get(id).sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id)); }],
  ['PATCH', /^\/destinations\/(\w+)$/, ([id], body) => change(need(all().find((each) => each.id === id)), body)],
  ['DELETE', /^\/destinations\/(\w+)$/, ([id]) => { for (const each of world.destinations.values()) { const at = each.findIndex((d) => d.id === id); if (at >= 0) each.splice(at, 1); } }],
  ['POST', /^\/destinations\/(\w+)\/retry$/, ([id]) => change(need(all().find((each) => each.id === id)), { enabled: true })],
  ['POST', /^\/destinations\/(\w+)\/test$/, ([id], { publish }) => { void runTest(id, publish); return { test_id: `tst_${id}` }; }],
  ['GET', /^\/destinations\/(\w+)\/test$/, ([id]) => need(tests.get(id))],
  ['GET', /^\/platforms$/, () => ({ items: world.platforms, next_cursor: null })],
  ['GET', /^\/projects\/(\w+)\/playback$/, ([id]) => playback(need(find(id)))],
  ['GET', /^\/projects\/(\w+)\/ingest$/, ([id]) => ingest(need(find(id)))],
  ['GET', /^\/projects\/(\w+)\/streams$/, ([id]) => list(world.broadcasts.get(id) ?? [])],
  ['POST', /^\/projects\/(\w+)\/practice-destination$/, ([id]) => { const made = { ...structuredClone(all()[0]), id: `dst_${Date.now()}`, project_id: id, name: 'Practice', platform: 'practice', url: 'rtmp://127.0.0.1:1940/practice' }; made.output.destination_id = made.id; world.destinations.get(id).push(made); return made; }],
  ['POST', /^\/projects\/(\w+)\/test-pattern$/, ([id]) => { Object.assign(need(find(id)).live, { state: 'live', since: new Date().toISOString(), broadcast_id: 'str_000099', bitrate_bits: 2_500_000 }); tell('stream.started', find(id), {}); return { publishing: true }; }],
  ['DELETE', /^\/projects\/(\w+)\/test-pattern$/, ([id]) => { Object.assign(need(find(id)).live, { state: 'waiting', since: null, broadcast_id: null, bitrate_bits: 0 }); tell('stream.ended', find(id), {}); }],
  ['GET', /^\/streams\/(\w+)$/, ([id]) => broadcast(id)],
  ['GET', /^\/streams\/(\w+)\/health$/, ([id]) => health(id)],
  ['GET', /^\/streams\/(\w+)\/stats$/, ([id]) => ({ step_s: 1, samples: Array.from({ length: 300 }, (_, i) => world.figures(world.projects.find((p) => p.live.broadcast_id === id) ?? world.projects[0], 300 - i)) })],
  ['GET', /^\/streams\/(\w+)\/report$/, ([id]) => report(id)],
  ['GET', /^\/ingest\/connections$/, () => ({ items: world.connections, next_cursor: null })],
  ['GET', /^\/webhooks$/, () => list(world.webhooks)],
  ['GET', /^\/webhooks\/\w+\/deliveries$/, () => list(world.deliveries)],
  ['GET', /^\/events$/, (_, __, query) => list(world.events.filter((each) => (!query.get('project_id') || each.project_id === query.get('project_id')) && (!query.get('type') || each.type === query.get('type'))))],
  ['GET', /^\/system$/, () => world.system()],
  ['GET', /^\/system\/nodes$/, () => ({ items: world.nodes, next_cursor: null })],
  ['GET', /^\/system\/checks$/, () => ({ items: world.checks, next_cursor: null })],
];

/** One second of a project that is on the air, as the event stream tells it. */
export function second({ id }) {
  const one = find(id);
  const outputs = (world.destinations.get(id) ?? []).filter((each) => each.output.state === 'sending');
  return {
    project_id: id, stream_id: one.live.broadcast_id, state: one.live.state, status: 'good', players: one.live.players, figures: world.figures(one), viewers: one.live.viewers + Math.round(3 * Math.sin(Date.now() / 9000)),
    outputs: outputs.map(({ id: destination_id, output }) => ({ destination_id, state: output.state, rtt_ms: 24, bitrate_bits: Math.round(output.bitrate_bits * (1 + 0.03 * Math.sin(Date.now() / 1700 + destination_id.length))), lag_ms: Math.round(output.lag_ms + 8 * Math.random()), sent_bytes: (output.sent_bytes += output.bitrate_bits / 8), dropped_frames: 0 })),
  };
}

/** `[status, body]` for a request. */
export function answer(method, path, query, body) {
  try {
    const open = /^\/(setup|setup\/link|session)$/.test(path);
    if (!signedIn && !open) throw new Refusal(401, 'signed_out', 'Nobody is signed in.');
    for (const [verb, pattern, act] of ROUTES) {
      const match = verb === method && pattern.exec(path);
      if (!match) continue;
      const value = act(match.slice(1), body ?? {}, query);
      return value === undefined ? [204, null] : [method === 'POST' && path !== '/setup/link' ? 201 : 200, value];
    }
    throw new Refusal(404, 'not_found', 'The made-up server does not know this.');
  } catch (error) {
    if (error instanceof Refusal) return [error.problem.status, error.problem];
    throw error;
  }
}
