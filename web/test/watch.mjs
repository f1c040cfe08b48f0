// Opens a page in headless Chromium and reports how its picture plays, as one JSON object on stdout.
// usage: node watch.mjs URL [SECONDS [LATENCY [WIDTH]]]   exit 0: the clock of the <video> advanced by SECONDS, and after
// that the page said that it is less than LATENCY seconds behind; 1: it did not. With a WIDTH the page is small at first,
// and large after that, until the picture is so wide and has played on for SECONDS.
import { chromium } from 'playwright-core';

const [url, secondsWanted = '3', latencyWanted, widthWanted] = process.argv.slice(2);
const seconds = Number(secondsWanted);
/** A generous guard against a hang, not a measurement. */
const GUARD_MS = 90000;
/** Pictures that must have been shown for a second of clock: the clock alone also moves when a player seeks. */
const PICTURES_A_SECOND_MIN = 5;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: [
    '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required',
  ],
});
const seen = { console: [], violations: [], failed: [] };
let code = 1;
try {
  const page = await browser.newPage({ viewport: widthWanted ? { width: 240, height: 180 } : { width: 640, height: 480 } });
  page.on('console', (message) => {
    // A 404 while the page waits for the stream is its own way of asking, not a fault.
    if (message.type() === 'error' && !/status of 404/.test(message.text())) seen.console.push(message.text());
  });
  page.on('pageerror', (error) => seen.console.push(String(error)));
  page.on('requestfailed', (request) => seen.failed.push(`${request.url()}: ${request.failure()?.errorText}`));
  await page.addInitScript(() => {
    globalThis.cspViolations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      globalThis.cspViolations.push(`${event.effectiveDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(url, { waitUntil: 'load', timeout: GUARD_MS });
  try {
    const clock = () => document.querySelector('video').currentTime;
    await page.waitForFunction(() => document.querySelector('video').readyState >= 3, null, { timeout: GUARD_MS });
    seen.from = await page.evaluate(clock);
    await page.waitForFunction(([until, pictures]) => {
      const video = document.querySelector('video');
      return video.currentTime >= until && video.getVideoPlaybackQuality().totalVideoFrames >= pictures;
    }, [seen.from + seconds, seconds * PICTURES_A_SECOND_MIN], { timeout: GUARD_MS });
    seen.to = await page.evaluate(clock);
    // The page's own word for it; a moment of buffering on a busy machine passes.
    await page.waitForFunction(() => document.getElementById('status').dataset.state === 'playing', null, { timeout: GUARD_MS });
    if (latencyWanted) {
      const behind = await page.waitForFunction((most) => {
        const said = /([\d.]+) s behind live/.exec(document.getElementById('figures').textContent);
        return said && Number(said[1]) < most ? said[1] : null;
      }, Number(latencyWanted), { timeout: GUARD_MS });
      seen.latency = Number(await behind.jsonValue());
    }
    if (widthWanted) {
      seen.narrow = await page.evaluate(() => document.querySelector('video').videoWidth);
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.waitForFunction((width) => document.querySelector('video').videoWidth === width, Number(widthWanted),
        { timeout: GUARD_MS });
      const changed = await page.evaluate(clock);
      await page.waitForFunction((until) => document.querySelector('video').currentTime >= until, changed + seconds,
        { timeout: GUARD_MS });
    }
    code = 0;
  } catch (error) {
    seen.error = String(error);
  }
  Object.assign(seen, await page.evaluate(() => {
    const video = document.querySelector('video');
    const quality = video.getVideoPlaybackQuality();
    return {
      status: document.getElementById('status')?.dataset.state,
      statusText: document.getElementById('status')?.textContent,
      text: document.body.innerText,
      width: video.videoWidth,
      height: video.videoHeight,
      frames: quality.totalVideoFrames,
      dropped: quality.droppedVideoFrames,
      audioBytes: video.webkitAudioDecodedByteCount,
      violations: globalThis.cspViolations,
    };
  }));
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
process.exit(code);
