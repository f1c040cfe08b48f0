// A stream key, masked: copied without being shown, shown for a while when asked.
import { Eye, EyeOff } from 'lucide-react';
import { lazy, Suspense, useEffect, useState } from 'react';
import type { StreamKey } from '@/api/types';
import { useCan } from '@/app/can';
import { usePreferences } from '@/app/preferences';
import { Private } from '@/app/Private';
import { Button } from '@/ui/Button';
import { CopyButton } from '@/ui/Copy';
import { useReveal } from './useReveal';

const AskPassword = lazy(() => import('./AskPassword'));

/** A shown key hides itself, and a code that holds one: pages are left open, and screens are shared. */
export const SHOWN_MS = 30_000;

export function KeyLine({ streamKey }: { streamKey: StreamKey | null }) {
  const { reveal, asking, confirm, cancel } = useReveal(streamKey);
  const [shown, setShown] = useState<string | null>(null);
  const { hideSecrets } = usePreferences();
  const { act } = useCan();
  useEffect(() => {
    if (!shown) return;
    const timer = setTimeout(() => setShown(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [shown]);
  if (!streamKey) return <p className="text-sm text-soft">This project has no stream key that works. Make one in its settings.</p>;
  const visible = shown !== null && !hideSecrets;
  const Icon = visible ? EyeOff : Eye;
  return (
    <>
      <div className="flex min-h-10 items-center gap-1 rounded-control border border-line bg-well py-0.5 pr-1 pl-3">
        <code className="min-w-0 flex-1 text-sm break-all">
          {visible ? shown : <Private>{`••••••••••••${streamKey.key_hint}`}</Private>}
        </code>
        <Button
          kind="quiet"
          size="icon-small"
          aria-label={visible ? 'Hide the stream key' : 'Show the stream key'}
          disabled={!act || hideSecrets}
          onClick={() => (visible ? setShown(null) : void reveal().then(setShown))}
        >
          <Icon size={16} aria-hidden />
        </Button>
        <CopyButton text={shown ?? reveal} label="Copy the stream key" />
      </div>
      {asking && (
        <Suspense>
          <AskPassword onConfirm={confirm} onClose={cancel} />
        </Suspense>
      )}
    </>
  );
}
