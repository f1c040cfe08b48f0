// A code for a phone's encoder: Larix reads server and key from it. It holds the key, so it is shown only when asked for.
import { useEffect, useState } from 'react';
import type { Ingest, StreamKey } from '@/api/types';
import { usePreferences } from '@/app/preferences';
import { Private } from '@/app/Private';
import { Button } from '@/ui/Button';
import { CopyLine } from '@/ui/Copy';
import { Qr } from '@/ui/Qr';
import AskPassword from './AskPassword';
import { KeyLine, SHOWN_MS } from './KeyLine';
import { useReveal } from './useReveal';

interface Props {
  ingest: Ingest;
  streamKey: StreamKey | null;
  name: string;
}

export default function Phone({ ingest, streamKey, name }: Props) {
  const [server = ''] = ingest.servers;
  const { reveal, asking, confirm, cancel } = useReveal(streamKey);
  const { hideSecrets } = usePreferences();
  const [code, setCode] = useState<string | null>(null);
  useEffect(() => {
    if (!code) return;
    const timer = setTimeout(() => setCode(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [code]);
  const show = async () => {
    const key = await reveal();
    if (key) setCode(larix(server, key, name));
  };
  return (
    <div className="flex flex-wrap items-start gap-5">
      <div className="grid size-44 flex-none place-items-center overflow-hidden rounded-control border border-line bg-white p-2">
        {code && !hideSecrets ? (
          <Qr text={code} label="Code for Larix Broadcaster" />
        ) : (
          <Button size="small" className="border-neutral-300 text-neutral-900 hover:!bg-neutral-100" disabled={!streamKey || hideSecrets} onClick={() => void show()}>
            Show the code
          </Button>
        )}
      </div>
      <div className="grid min-w-60 flex-1 gap-3">
        <p className="text-sm text-soft">
          Larix Broadcaster (iOS, Android) reads this code with the phone's camera. It holds your stream key: show it to your own phone only. In any other
          app, enter both by hand:
        </p>
        <CopyLine value={server} label="Server" shown={<Private>{server}</Private>} />
        <KeyLine streamKey={streamKey} />
      </div>
      {asking && <AskPassword onConfirm={confirm} onClose={cancel} />}
    </div>
  );
}

/** Larix' own link form ("Grove"). */
export function larix(server: string, key: string, name: string): string {
  const fields = { 'conn[][url]': `${server.replace(/\/$/, '')}/${key}`, 'conn[][name]': name, 'conn[][mode]': 'av' };
  return `larix://set/v1?${new URLSearchParams(fields)}`;
}
