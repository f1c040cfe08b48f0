// The viewer's page: one picture and nothing to learn. It has no framework, so that it is there at once.
import { Player, type PlayerState } from '../player/player';
import { playerWords } from '../player/words';
import './watch.css';

function by<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`#${id} is not in the page`);
  return element as T;
}

const video = by<HTMLVideoElement>('video');
const status = by('status');
const figures = by('figures');
const sound = by<HTMLButtonElement>('sound');

function show(state: PlayerState, detail?: string): void {
  const text = playerWords(state, detail);
  if (status.dataset.state === state && status.textContent === text) return;
  status.dataset.state = state;
  status.textContent = text;
  sound.hidden = state !== 'playing' || !video.muted;
}

const player = new Player(video, show);
const id = location.pathname.split('/').filter(Boolean).at(-1) ?? '';
// Where viewers need a token, the page's own address has it.
const token = new URLSearchParams(location.search).get('token');
const parts = [decodeURIComponent(id), token].filter((part): part is string => !!part);
player.open(`/hls/${parts.map(encodeURIComponent).join('/')}/index.m3u8`);

// Browsers start pictures without sound; one press brings it.
sound.addEventListener('click', () => {
  video.muted = false;
  sound.hidden = true;
});
video.addEventListener('volumechange', () => {
  sound.hidden = !video.muted || status.dataset.state !== 'playing';
});

setInterval(() => {
  const { latencyS } = player.metrics;
  const size = video.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : '';
  const behind = latencyS ? `${latencyS.toFixed(1)} s behind live` : '';
  figures.textContent = [size, behind].filter(Boolean).join(' · ');
}, 1000);

// For the browser's console, where somebody wants to know more than the page says.
Object.assign(globalThis, { player });
