// The two pages: `live` (streams, destinations, picture) and `watch` (picture alone).
import { Player } from './player.js';

/** How often the engine is asked how its streams are. */
const STATUS_MS = 2000;

const WORDS = {
  loading: 'Loading…',
  waiting: 'Waiting for the stream to start.',
  starting: 'Starting…',
  playing: 'Live',
  paused: 'Paused',
  buffering: 'Buffering…',
  ended: 'The stream has ended. It comes back by itself when it starts again.',
  retrying: 'Connection trouble, trying again…',
  unsupported: 'This browser cannot play the stream.',
};

/** A state is a colour, a sign and a word, never a colour alone. */
const OUTPUT = {
  disabled: ['off', '–', 'Off'],
  idle: ['off', '○', 'Waiting for the stream'],
  connecting: ['busy', '◔', 'Connecting'],
  sending: ['good', '●', 'Sending'],
  retrying: ['busy', '↻', 'Trying again'],
  failed: ['bad', '✕', 'Needs you'],
  stopping: ['busy', '◔', 'Stopping'],
};

const REASONS = {
  dns: 'its name cannot be found',
  tcp_refused: 'nobody listens there',
  tcp_timeout: 'it does not answer',
  tls: 'its certificate was not accepted',
  handshake: 'it does not speak RTMP',
  connect_rejected: 'it refused the address',
  publish_rejected: 'it refused the stream key',
  closed_by_peer: 'it closed the connection',
  stalled: 'it stopped taking data',
  codec_unsupported: 'it cannot take this codec',
  track_missing: 'the encoder sends no such track',
  circuit_open: 'it failed too often, resting',
};

const by = (id) => document.getElementById(id);

function say(state, detail) {
  const status = by('status');
  const text = detail && state !== 'playing' ? detail : (WORDS[state] ?? state);
  if (status.dataset.state === state && status.textContent === text) return;
  status.dataset.state = state;
  status.textContent = text;
}

function megabits(bits) {
  return bits > 0 ? `${(bits / 1e6).toFixed(bits < 1e6 ? 2 : 1)} Mbit/s` : '';
}

function bytes(count) {
  if (!(count > 0)) return '';
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(count) / 3), units.length - 1);
  return `${(count / 1000 ** power).toFixed(power ? 1 : 0)} ${units[power]}`;
}

function watching({ viewers, viewers_exceeded }) {
  if (!(viewers > 0)) return '';
  return `${viewers_exceeded ? 'more than ' : ''}${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`;
}

function watchPage() {
  const id = location.pathname.split('/').filter(Boolean).at(-1);
  const player = new Player(by('video'), say);
  // Where viewers need a token, the page's own address has it.
  const token = new URLSearchParams(location.search).get('token');
  player.open(`/hls/${[id, token].filter(Boolean).map(encodeURIComponent).join('/')}/index.m3u8`);
  setInterval(() => {
    const { videoWidth, videoHeight } = by('video');
    const size = videoWidth ? `${videoWidth} × ${videoHeight}` : '';
    const latency = player.latency ? `${player.latency.toFixed(1)} s behind live` : '';
    by('figures').textContent = [size, latency].filter(Boolean).join(' · ');
  }, 1000);
}

// Where encoders publish to, as the server listens.
async function tellServer() {
  const answer = await fetch('/ingest.json', { cache: 'no-store' });
  const { rtmp_port: plain, rtmps_port: secure, app } = await answer.json();
  const [scheme, port] = plain ? ['rtmp', plain] : ['rtmps', secure];
  by('server').textContent = port ? `${scheme}://${location.hostname}:${port}/${app}` : 'none: RTMP is switched off';
}

function livePage() {
  const player = new Player(by('video'), say);
  let chosen = decodeURIComponent(location.hash.slice(1));
  let opened = '';
  tellServer();

  function choose(id) {
    chosen = id;
    history.replaceState(null, '', `#${encodeURIComponent(id)}`);
  }

  function show(streams) {
    const stream = streams.find((each) => each.playback_id === chosen)
      ?? streams.find((each) => each.playlist === opened && each.state !== 'waiting')
      ?? streams.find((each) => each.state === 'live') ?? streams[0];
    tabs(streams, stream, (id) => {
      choose(id);
      show(streams);
    });
    if (!stream) return;
    by('name').textContent = stream.name;
    by('ingest').textContent = [stream.state, megabits(stream.bitrate_bits), watching(stream)].filter(Boolean).join(' · ');
    by('watch').hidden = false;
    by('watch').href = stream.page;
    destinations(stream.outputs ?? []);
    if (opened !== stream.playlist) {
      opened = stream.playlist;
      player.open(opened);
    }
  }

  async function ask() {
    if (!document.hidden) {
      try {
        const answer = await fetch('/api/v1/status', { cache: 'no-store' });
        if (answer.ok) {
          const { streams = [] } = await answer.json();
          tell(streams.length ? '' : 'No project is declared yet.');
          show(streams);
        } else {
          tell(answer.status === 404 ? 'This server tells nothing about its streams. Open /watch/ID to see one.' : `The server answered ${answer.status}.`);
        }
      } catch {
        tell(`Connection to the server lost at ${new Date().toLocaleTimeString()}. What you see may be old.`);
      }
    }
    setTimeout(ask, STATUS_MS);
  }
  ask();
}

let told;
function tell(text) {
  if (told === text || (text.startsWith('Connection') && told?.startsWith('Connection'))) return;
  told = text;
  by('connection').textContent = text;
}

function tabs(streams, present, choose) {
  const nav = by('streams');
  nav.hidden = streams.length < 2;
  keyed(nav, streams, (stream) => stream.playback_id, () => document.createElement('button'), (button, stream) => {
    button.textContent = stream.name;
    button.setAttribute('aria-pressed', String(stream === present));
    button.onclick = () => choose(stream.playback_id);
  });
}

function destinations(outputs) {
  by('destinations-none').hidden = outputs.length > 0;
  keyed(by('destinations'), outputs, (output) => output.name, row, (item, output) => {
    const [tone, sign, word] = OUTPUT[output.state] ?? ['off', '?', output.state];
    const [mark, name, state, figures] = item.children;
    item.dataset.tone = tone;
    mark.textContent = sign;
    name.textContent = output.name;
    const reason = output.reason && output.state !== 'sending' ? `: ${REASONS[output.reason] ?? output.reason}` : '';
    if (state.textContent !== word + reason) state.textContent = word + reason;
    figures.textContent = [megabits(output.bitrate_bits), bytes(output.sent_bytes)].filter(Boolean).join(' · ');
  });
}

function row() {
  const item = document.createElement('li');
  for (const part of ['mark', 'who', 'state', 'quiet']) {
    const span = document.createElement('span');
    span.className = part;
    if (part === 'mark') span.setAttribute('aria-hidden', 'true');
    item.append(span);
  }
  return item;
}

/** Keeps one child for each value, in order, and touches only what changed. */
function keyed(parent, values, keyOf, make, fill) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  values.forEach((value, index) => {
    const key = keyOf(value);
    const child = old.get(key) ?? make();
    old.delete(key);
    child.dataset.key = key;
    fill(child, value);
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  for (const child of old.values()) child.remove();
}

const pages = { watch: watchPage, live: livePage, welcome: tellServer };
pages[document.body.dataset.page]();
