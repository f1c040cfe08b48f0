// Which platform: each with what is known of it.
import type { Platform } from '@/api/types';
import { platformSign } from './platforms';

const TILE = 'flex min-h-16 items-center gap-3 rounded-control border border-line bg-well p-3 text-left transition-colors hover:border-edge hover:bg-raised';

export function PlatformPicker({ platforms, onChoose }: { platforms: Platform[]; onChoose: (platform: Platform | null) => void }) {
  return (
    <ul className="grid gap-2 sm:grid-cols-2">
      {platforms
        .filter(({ id }) => id !== 'custom')
        .map((platform) => (
          <li key={platform.id} className="grid">
            <button type="button" className={TILE} onClick={() => onChoose(platform)}>
              <Plate sign={platformSign(platform.id, platform.name)} />
              <span className="min-w-0">
                <span className="block font-semibold">{platform.name}</span>
                <span className="block text-[0.82rem] text-faint">{need(platform)}</span>
              </span>
            </button>
          </li>
        ))}
      <li className="grid">
        <button type="button" className={TILE} onClick={() => onChoose(null)}>
          <Plate sign="··" />
          <span>
            <span className="block font-semibold">Any RTMP server</span>
            <span className="block text-[0.82rem] text-faint">Server address and key</span>
          </span>
        </button>
      </li>
    </ul>
  );
}

function Plate({ sign }: { sign: string }) {
  return (
    <span className="figure grid size-10 flex-none place-items-center rounded-md border border-line bg-panel text-sm font-bold text-soft" aria-hidden>
      {sign}
    </span>
  );
}

function need({ url_is_personal, key_expires }: Platform): string {
  if (key_expires) return 'New address and key for each show';
  return url_is_personal ? 'Your own address and key' : 'Only your key';
}
