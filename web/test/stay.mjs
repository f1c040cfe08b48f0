// Plays a stream on the viewer's page in headless Chromium and samples it once a second, as one JSON object on
// stdout. usage: node stay.mjs ORIGIN PLAYLIST SECONDS   It prints "playing" on stderr when the picture moves. What the
// samples mean is for the caller to judge; exit 1: the picture never came.
import { chromium } from 'playwright-core';

const [origin, playlist, secondsWanted] = process.argv.slice(2);
const seconds = Number(secondsWanted);
/** A generous guard against a hang, not a measurement. */
const GUARD_MS = 60000;

/** The viewer's page, whose player is in reach as `player`. */
const path = `/watch/${playlist.split('/')[2]}`;

/** Runs in the page: `sample()` tells how the picture is, `states` what the page said. */
function watchThePage() {
  const states = [];
  globalThis.states = states;
  addEventListener('DOMContentLoaded', () => {
    const status = document.getElementById('status');
    new MutationObserver(() => states.push({ at: Date.now(), state: status.dataset.state, detail: status.textContent })).observe(status, {
      attributes: true,
      attributeFilter: ['data-state'],
    });
  });
  globalThis.sample = () => {
    const video = document.getElementById('video');
    const { hls, metrics, retries } = globalThis.player;
    const quality = video.getVideoPlaybackQuality();
    const shown = hls?.playingDate?.getTime();
    return {
      at: Date.now(),
      clock: video.currentTime,
      // Behind live by hls.js' own word, and by the date of the picture on this machine's clock, which is the engine's.
      latency: metrics.latencyS,
      behind: shown ? (Date.now() - shown) / 1000 : null,
      rate: video.playbackRate,
      frames: quality.totalVideoFrames,
      dropped: quality.droppedVideoFrames,
      width: video.videoWidth,
      rebuilds: retries.rebuilds,
      recoveries: retries.recoveries,
      parts: hls?.config.lowLatencyMode === true,
    };
  };
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required',
  ],
});
const seen = { samples: [], states: [], console: [] };
let code = 1;
try {
  const page = await browser.newPage({ viewport: { width: 480, height: 320 } });
  page.on('console', (message) => message.type() === 'error' && seen.console.push(message.text()));
  page.on('pageerror', (error) => seen.console.push(String(error)));
  await page.addInitScript(watchThePage);
  await page.goto(origin + path, { timeout: GUARD_MS });
  await page.waitForFunction(() => document.querySelector('video').currentTime > 0.5, null, { timeout: GUARD_MS });
  console.error('playing');
  const began = Date.now();
  for (let second = 1; second <= seconds; second += 1) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, began + second * 1000 - Date.now())));
    seen.samples.push(await page.evaluate(() => globalThis.sample()));
  }
  seen.states = await page.evaluate(() => globalThis.states);
  code = 0;
} catch (error) {
  seen.error = String(error);
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
process.exit(code);
