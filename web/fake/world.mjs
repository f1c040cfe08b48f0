// A world for pictures and for the eyes of whoever works on the pages: projects in every state that there is. It is not
// the server, and no test of the server's: what is here was made up in the form of the API.
const at = (secondsAgo) => new Date(Date.now() - secondsAgo * 1000).toISOString();
let serial = 1;
const id = (prefix) => `${prefix}_${String(serial++).padStart(6, '0')}`;

export const platforms = [
  { id: 'youtube', name: 'YouTube', url: 'rtmps://a.rtmps.youtube.com:443/live2', url_is_personal: false, key_page: 'youtube.com/live_dashboard', key_expires: false, codecs: ['h264', 'hevc', 'av1'], bitrate_max_bits: 51_000_000, audio_bitrate_max_bits: null, keyframe_max_s: 4, note: null },
  { id: 'twitch', name: 'Twitch', url: 'rtmp://live.twitch.tv/app', url_is_personal: false, key_page: 'dashboard.twitch.tv/settings/stream', key_expires: false, codecs: ['h264'], bitrate_max_bits: 6_000_000, audio_bitrate_max_bits: 320_000, keyframe_max_s: 2, note: null },
  { id: 'facebook', name: 'Facebook', url: 'rtmps://live-api-s.facebook.com:443/rtmp/', url_is_personal: false, key_page: 'facebook.com/live/producer', key_expires: false, codecs: ['h264'], bitrate_max_bits: 9_000_000, audio_bitrate_max_bits: 128_000, keyframe_max_s: 2, note: null },
  { id: 'kick', name: 'Kick', url: null, url_is_personal: true, key_page: 'kick.com/dashboard/settings/stream', key_expires: false, codecs: ['h264'], bitrate_max_bits: 8_000_000, audio_bitrate_max_bits: null, keyframe_max_s: 2, note: null },
  { id: 'trovo', name: 'Trovo', url: 'rtmp://livepush.trovo.live/live/', url_is_personal: false, key_page: 'studio.trovo.live', key_expires: false, codecs: ['h264'], bitrate_max_bits: 9_000_000, audio_bitrate_max_bits: null, keyframe_max_s: 2, note: null },
  { id: 'linkedin', name: 'LinkedIn', url: null, url_is_personal: true, key_page: null, key_expires: true, codecs: ['h264'], bitrate_max_bits: 6_000_000, audio_bitrate_max_bits: null, keyframe_max_s: 2, note: null },
];

const user = { id: 'usr_01', email: 'mara@example.com', name: 'Mara Lindqvist', role: 'admin', disabled: false, oidc: false, password: true, revision: 1, created_at: at(4e6), updated_at: at(4e6) };
export const me = { user, via: 'session', scopes: ['*'], password_confirmed_at: at(30) };

function output(destination_id, state, more = {}) {
  const base = { destination_id, state, reason: null, severity: 'ok', title: '', what_to_do: null, detail: null, since: at(3842), attempt: null, next_retry_at: null, sent_bytes: 0, bitrate_bits: 0, lag_ms: 0, rtt_ms: null, dropped_frames: 0, reconnects: 0 };
  if (state === 'sending') Object.assign(base, { title: 'Sending', sent_bytes: 2_881_000_000, bitrate_bits: 6_020_000, lag_ms: 48, rtt_ms: 21 });
  return { ...base, ...more };
}

function destination(project_id, name, platform, url, state, position, more = {}) {
  const dst = id('dst');
  return { id: dst, project_id, name, platform, url, key_hint: 'x7f2', enabled: state !== 'disabled', insecure: false, chunk_size: null, codecs: null, video_track: null, audio_track: null, limits: null, position, created_at: at(9e5), updated_at: at(9e5), revision: 1, output: output(dst, state, more) };
}

function project(name, live, more = {}) {
  const prj = id('prj');
  return { id: prj, name, playback_id: `${name.toLowerCase().replace(/\W+/g, '-')}`, declared: false, running: true, hold_s: null, created_at: at(3e6), updated_at: at(9e5), revision: 3, live: { state: 'waiting', since: null, hold_ends_at: null, broadcast_id: null, test_pattern: false, bitrate_bits: 0, viewers: 0, players: 0, outputs: { sending: 0, retrying: 0, failed: 0, total: 0 }, issues: { error: 0, warning: 0 }, ...live }, ...more };
}

const friday = project('Friday Night Live', { state: 'live', since: at(3855), broadcast_id: 'str_000001', bitrate_bits: 6_040_000, viewers: 214, players: 1, issues: { error: 0, warning: 1 } });
const church = project('Sunday Service, Main Hall', { state: 'live', since: at(921), broadcast_id: 'str_000002', bitrate_bits: 4_480_000, viewers: 58 });
const away = project('Outdoor Cup, Camera 2', { state: 'interrupted', since: at(610), hold_ends_at: new Date(Date.now() + 22_000).toISOString(), broadcast_id: 'str_000003', bitrate_bits: 0, viewers: 31 });
const first = project('My stream', {});
const radio = project('Radio Studio', { state: 'waiting' }, { declared: true });
export const projects = [friday, church, away, first, radio];

export const destinations = new Map([
  [friday.id, [
    destination(friday.id, 'YouTube', 'youtube', 'rtmps://a.rtmps.youtube.com:443/live2', 'sending', 0),
    destination(friday.id, 'Twitch', 'twitch', 'rtmp://live.twitch.tv/app', 'sending', 1, { severity: 'warning', title: 'More bitrate than Twitch takes: 6.02 of 6.00 Mbit/s', what_to_do: 'Set the encoder to 5800 kbit/s or less.', lag_ms: 61 }),
    destination(friday.id, 'Partner in Oslo', 'custom', 'rtmps://ingest.partner.example/live', 'retrying', 2, { reason: 'closed_by_peer', severity: 'warning', title: 'The server closed the connection', what_to_do: 'Usually it comes back by itself. If not, ask whoever runs it.', detail: 'connection reset after 812 s (NetConnection.Connect.Closed)', attempt: 3, next_retry_at: new Date(Date.now() + 14_000).toISOString(), since: at(17), reconnects: 2 }),
    destination(friday.id, 'Kick', 'kick', 'rtmps://fa723fc1b171.global-contribute.live-video.net/app', 'failed', 3, { reason: 'publish_rejected', severity: 'error', title: 'Kick refused the stream key', what_to_do: 'Copy the key from kick.com/dashboard/settings/stream and replace it here.', detail: 'NetStream.Publish.BadName: stream key not found', attempt: 4, since: at(512) }),
    destination(friday.id, 'Facebook', 'facebook', 'rtmps://live-api-s.facebook.com:443/rtmp/', 'disabled', 4),
  ]],
  [church.id, [
    destination(church.id, 'YouTube', 'youtube', 'rtmps://a.rtmps.youtube.com:443/live2', 'sending', 0, { bitrate_bits: 4_470_000 }),
    destination(church.id, 'Parish site', 'custom', 'rtmp://media.parish.example/live', 'sending', 1, { bitrate_bits: 4_470_000 }),
  ]],
  [away.id, [destination(away.id, 'YouTube', 'youtube', 'rtmps://a.rtmps.youtube.com:443/live2', 'sending', 0, { bitrate_bits: 800_000 })]],
  [first.id, []],
  [radio.id, [destination(radio.id, 'Website', 'custom', 'rtmp://media.example/live', 'idle', 0)]],
]);

/** Counts as the server would. */
export function count(one) {
  const all = (destinations.get(one.id) ?? []).filter((each) => each.enabled);
  const of = (state) => all.filter((each) => each.output.state === state).length;
  one.live.outputs = { sending: of('sending'), retrying: of('retrying'), failed: of('failed'), total: all.length };
  return one;
}

export const streamKeys = new Map(projects.map((one) => [one.id, [{ id: id('key'), project_id: one.id, name: 'Main', key_hint: 'k3Qd', disabled: false, expires_at: null, last_used_at: one.live.state === 'waiting' ? null : at(3855), created_at: at(3e6), updated_at: at(3e6), revision: 1 }]]));

export function figures(one, secondsAgo = 0) {
  const t = (Date.now() - secondsAgo * 1000) / 1000;
  const base = one.live.bitrate_bits || 6_000_000;
  const wave = 1 + 0.028 * Math.sin(t / 7) + 0.02 * Math.sin(t / 2.3) + 0.012 * Math.sin(t * 2.1);
  const dip = secondsAgo > 96 && secondsAgo < 112 ? 0.55 : 1;
  return { at: at(secondsAgo), bitrate_bits: Math.round(base * wave * dip), video_bits: Math.round(base * wave * dip) - 160_000, audio_bits: 160_000, fps: 59.94, keyframe_interval_s: 2, width: 1920, height: 1080, video_codec: 'h264', audio_codec: 'aac', sample_rate: 48000, channels: 2, skew_ms: 12, drift_ms: -38, missing_frames: 3, gaps: 0, gap_ms: 0, discontinuities: 0, filler: false, silent: false, connected_s: 3855 - secondsAgo };
}

export const issues = new Map([['str_000001', [{ code: 'bitrate_high', severity: 'warning', title: 'Bitrate is above what Twitch takes', what_to_do: 'In OBS: Settings, Output, Bitrate 5800 kbit/s. The other destinations are fine with it.', detail: '6.02 Mbit/s, and 6 Mbit/s are taken', since: at(412), destination_id: null, destination_name: null }]]]);

/** Of a show of two hours: the encoder was away once, and later its network was thin. */
export const summary = {
  audio_bits: 160_000, video_bits: 5_840_000, peak_bits: 6_310_000, fps: 59.94, gaps: 2, discontinuities: 0, filled_s: 31, interruptions: 1, longest_gap_ms: 410,
  longest_keyframe_interval_s: 2, measured_s: 7800, media: null, missing_frames: 12,
  curve: {
    step_s: 26,
    bitrate_bits: Array.from({ length: 300 }, (_, i) => (i === 120 ? 0 : Math.round(6e6 * (1 + 0.03 * Math.sin(i / 3) + 0.015 * Math.sin(i * 1.7)) * (i > 210 && i < 224 ? 0.6 : 1)))),
    fps: Array.from({ length: 300 }, (_, i) => (i === 120 ? 0 : 59.94)),
  },
};

const event = (secondsAgo, type, one, data = {}) => ({ id: id('evt'), type, time: at(secondsAgo), project_id: one?.id ?? null, stream_id: one?.live.broadcast_id ?? null, data });
const [yt, tw, oslo, kick] = destinations.get(friday.id);
export const events = [
  event(17, 'output.state', friday, { destination_id: oslo.id, destination_name: oslo.name, state: 'retrying', reason: 'closed_by_peer', attempt: 3 }),
  event(41, 'ingest.interrupted', away, {}),
  event(96, 'output.state', friday, { destination_id: oslo.id, destination_name: oslo.name, state: 'sending' }),
  event(108, 'output.state', friday, { destination_id: oslo.id, destination_name: oslo.name, state: 'retrying', reason: 'stalled', attempt: 1 }),
  event(412, 'health.changed', friday, { status: 'ok', issues: [{ code: 'bitrate_over_limit', severity: 'warning', title: 'The bitrate is above what a destination takes', destination_id: tw.id }] }),
  event(512, 'output.state', friday, { destination_id: kick.id, destination_name: kick.name, state: 'failed', reason: 'publish_rejected' }),
  event(921, 'stream.started', church, { encoder: 'Larix Broadcaster 1.3' }),
  event(2110, 'ingest.resumed', friday, { after_ms: 4100 }),
  event(2114, 'ingest.interrupted', friday, {}),
  event(3840, 'output.state', friday, { destination_id: tw.id, destination_name: tw.name, state: 'sending' }),
  event(3842, 'output.state', friday, { destination_id: yt.id, destination_name: yt.name, state: 'sending' }),
  event(3850, 'playback.ready', friday),
  event(3855, 'stream.started', friday, { encoder: { software: 'OBS Studio 31.0' } }),
  event(3858, 'ingest.connected', friday, { software: 'OBS Studio 31.0', from: '81.2.69.142', secure: true }),
  event(22, 'ingest.rejected', null, { reason: 'unknown_key', from: '10.0.0.4', attempts: 2 }),
  event(5200, 'user.signed_in', null, { name: 'Mara Lindqvist', from: '10.0.0.2' }),
];

events.sort((a, b) => b.time.localeCompare(a.time));

export const connections = [
  { id: id('con'), project_id: friday.id, stream_id: 'str_000001', remote: '81.2.69.142:50122', encoder: 'OBS Studio 31.0', since: at(3858), received_bytes: 2.9e9, bitrate_bits: 6_040_000, tls: true },
  { id: id('con'), project_id: church.id, stream_id: 'str_000002', remote: '10.0.0.17:41822', encoder: 'Larix Broadcaster 1.3', since: at(925), received_bytes: 5e8, bitrate_bits: 4_480_000, tls: false },
];

export const broadcasts = new Map([[friday.id, [
  { id: 'str_000001', project_id: friday.id, node: 'studio-1', started_at: at(3855), ended_at: null, end_reason: null, encoder: 'OBS Studio 31.0', live: true },
  { id: 'str_000010', project_id: friday.id, node: 'studio-1', started_at: at(612_000), ended_at: at(604_200), end_reason: 'the encoder stopped', encoder: 'OBS Studio 31.0', live: false },
  { id: 'str_000011', project_id: friday.id, node: 'studio-1', started_at: at(1_216_800), ended_at: at(1_209_100), end_reason: 'the encoder stopped', encoder: 'OBS Studio 31.0', live: false },
  { id: 'str_000012', project_id: friday.id, node: 'studio-1', started_at: at(1_821_600), ended_at: at(1_820_900), end_reason: 'hold ran out', encoder: 'OBS Studio 30.2', live: false },
]]]);

export const users = [user, { ...user, id: 'usr_02', email: 'jonas@example.com', name: 'Jonas Weber', role: 'operator' }, { ...user, id: 'usr_03', email: 'desk@example.com', name: 'Front desk', role: 'viewer', disabled: true }];
export const tokens = [{ id: 'tok_01', name: 'Stream deck in studio 1', hint: '9xQa', scopes: ['projects:read', 'projects:write'], created_at: at(9e5), expires_at: at(-6e6), last_used_at: at(52) }];
export const sessions = [
  { id: 'ses_1', created_at: at(5200), last_seen_at: at(3), expires_at: at(-6e5), address: '10.0.0.2', user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36', current: true },
  { id: 'ses_2', created_at: at(90000), last_seen_at: at(7200), expires_at: at(-5e5), address: '10.0.0.31', user_agent: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile Safari/604.1', current: false },
];
export const webhooks = [{ id: 'whk_01', project_id: null, url: 'https://hooks.example.com/gostream', events: ['output.state', 'ingest.interrupted'], secret_hint: 'a91c', enabled: true, failures: 2, created_at: at(9e5), updated_at: at(9e5), revision: 1 }];
export const deliveries = [
  { id: 'del_3', event_id: 'evt_9', event_type: 'output.state', status: 'failed', attempt: 3, next_at: null, response_code: 502, error: 'Bad Gateway', created_at: at(100) },
  { id: 'del_2', event_id: 'evt_8', event_type: 'ingest.interrupted', status: 'delivered', attempt: 1, next_at: null, response_code: 204, error: null, created_at: at(500) },
];
export const system = () => ({ version: '0.1.0', node_id: 'studio-1', started_at: at(432_000), uptime_s: 432_000, phase: 'ready', projects: 5, nodes: 1, public_url: null, machine: { cpu_percent: 7.4, cpus: 4, memory_bytes: 148_000_000, memory_total_bytes: 8_200_000_000, memory_available_bytes: 5_400_000_000, disk: { free_bytes: 740_000_000, total_bytes: 250_000_000_000, state: 'low' }, open_files: 412, open_files_max: 65_536 }, database: { kind: 'sqlite', schema: 5, open: 3, idle: 2, max: 10 }, streams_live: 2, publishers: 2, players: 1, hls_viewers: 303, outputs_sending: 5 });
export const nodes = [
  { id: 'studio-1', roles: ['ingest', 'edge', 'api'], started_at: at(432_000), version: '0.1.0', live_streams: 2, self: true },
  { id: 'edge-oslo', roles: ['edge'], started_at: at(86_000), version: '0.1.0', live_streams: 1, self: false },
];
export const checks = [
  { id: 'config', title: 'Configuration', state: 'ok', detail: 'config.toml, 12 keys differ from the defaults', what_to_do: null },
  { id: 'disk', title: 'Free space', state: 'warn', detail: '705 of 238418 MiB', what_to_do: 'make room, or move data_dir' },
  { id: 'database', title: 'Database', state: 'ok', detail: 'sqlite, schema 5, no migration is pending', what_to_do: null },
  { id: 'files', title: 'Open files', state: 'warn', detail: 'this process may open 1024 files', what_to_do: 'Raise the limit to 8192: LimitNOFILE=8192 in the unit file.' },
  { id: 'certificate', title: 'Certificate', state: 'fail', detail: 'expires in 3 days', what_to_do: 'Renew it, or let tls.mode = "acme" do so.' },
  { id: 'clock', title: 'System time', state: 'ok', detail: 'synchronised', what_to_do: null },
];
