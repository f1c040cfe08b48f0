// A destination in the dock: one line, and a second one when something is wrong.
import { RotateCw } from 'lucide-react';
import { memo } from 'react';
import type { Destination } from '@/api/types';
import { samples } from '@/live/samples';
import { Button } from '@/ui/Button';
import { Readout } from '@/ui/Readout';
import { StateSign } from '@/ui/State';
import { Switch } from '@/ui/Switch';
import { NextTry } from '@/ui/Time';
import { bitrate } from '@/words/format';
import { outputWords } from '@/words/states';
import { useRetry } from '../project/useRetry';

interface Props {
  destination: Destination;
  act: boolean;
  onSwitch: (id: string, enabled: boolean) => void;
}

export const DockRow = memo(function DockRow({ destination, act, onSwitch }: Props) {
  const { id, name, enabled, output } = destination;
  const { tone, sign, word } = outputWords(output.state);
  const retry = useRetry(destination);
  const trouble = output.state === 'retrying' || output.state === 'failed';
  return (
    <li data-tone={tone} className="px-3 py-2">
      <div className="flex items-center gap-2.5">
        <StateSign sign={sign} size={16} className="flex-none text-(--tone)" />
        <div className="min-w-0 flex-1 leading-tight">
          <p className="truncate text-sm font-medium">{name}</p>
          <p className="text-[0.8rem] text-(--tone)">
            {word}
            {output.state === 'sending' && (
              <Readout of={id} className="ml-2 text-faint" say={() => bitrate(samples.output(id)?.bitrate_bits ?? output.bitrate_bits)} />
            )}
            {output.next_retry_at && output.state === 'retrying' && (
              <span className="ml-2 text-faint">
                <NextTry at={output.next_retry_at} />
              </span>
            )}
          </p>
        </div>
        {trouble && (
          <Button kind="quiet" size="icon-small" aria-label={`${name}: retry now`} disabled={!act} busy={retry.busy} onClick={retry.now}>
            {!retry.busy && <RotateCw size={15} aria-hidden />}
          </Button>
        )}
        <Switch checked={enabled} disabled={!act} label={`${name}: send to it`} onChange={(next) => onSwitch(id, next)} />
      </div>
      {trouble && <p className="mt-1 text-[0.8rem] text-soft">{output.title}</p>}
    </li>
  );
});
