// Whether there is something to play: asked first, because retrying a missing playlist is not the player's work.

export interface Found {
  state: 'live' | 'waiting' | 'ended' | 'retrying';
  reason?: string;
}

export async function probe(url: string): Promise<Found> {
  try {
    const main = await fetch(url, { cache: 'no-store' });
    // Refused for want of a good token: the viewer needs another address, and is told so.
    if (main.status === 403 || main.status === 404) return because('waiting', await reasonOf(main));
    if (!main.ok) return because('retrying', `The server answered ${main.status}.`);
    const first = (await main.text()).split('\n').find((line) => line && !line.startsWith('#'));
    const media = first && (await fetch(new URL(first.trim(), main.url), { cache: 'no-store' }));
    if (!media || !media.ok) return { state: 'waiting' };
    return { state: (await media.text()).includes('#EXT-X-ENDLIST') ? 'ended' : 'live' };
  } catch {
    return because('retrying', 'The server does not answer.');
  }
}

function because(state: Found['state'], reason: string | undefined): Found {
  return reason ? { state, reason } : { state };
}

async function reasonOf(answer: Response): Promise<string | undefined> {
  const text = await answer.text();
  if (!(answer.headers.get('content-type') ?? '').includes('json')) return text.trim().slice(0, 200);
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string };
    return problem.detail ?? problem.title;
  } catch {
    return undefined;
  }
}
