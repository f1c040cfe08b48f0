// One destination: what is wanted (the switch), what is (state, attempt, countdown), how it goes (figures), what to do.
import { ArrowDown, ArrowUp, FlaskConical, Pencil, RotateCw, Trash2 } from 'lucide-react';
import { memo } from 'react';
import type { Destination } from '@/api/types';
import { Private } from '@/app/Private';
import { samples } from '@/live/samples';
import { Menu, type MenuEntry } from '@/ui/Menu';
import { Readout } from '@/ui/Readout';
import { Spark } from '@/ui/Spark';
import { StateChip } from '@/ui/State';
import { Switch } from '@/ui/Switch';
import { NextTry, Since } from '@/ui/Time';
import { bitrate, bytes, milliseconds } from '@/words/format';
import { outputWords } from '@/words/states';
import { DestinationTrouble } from './DestinationTrouble';
import { platformSign } from './platforms';
import { useRetry } from './useRetry';

export type RowAction = 'edit' | 'test' | 'delete' | 'up' | 'down';

/** States of which it matters for how long. */
const LASTS = new Set(['sending', 'retrying', 'failed']);

interface Props {
  destination: Destination;
  /** Its place, which is also its key on the keyboard. */
  number: number;
  last: boolean;
  act: boolean;
  declared: boolean;
  onSwitch: (id: string, enabled: boolean) => void;
  onAction: (what: RowAction, destination: Destination) => void;
}

export const DestinationRow = memo(function DestinationRow({ destination, number, last, act, declared, onSwitch, onAction }: Props) {
  const { name, output, enabled } = destination;
  const words = outputWords(output.state);
  const retry = useRetry(destination);
  const open = (what: RowAction) => () => onAction(what, destination);
  const change = !act || declared;
  const entries: (MenuEntry | null)[] = [
    { label: 'Retry now', icon: <RotateCw size={15} />, disabled: !act || output.state === 'disabled' || output.state === 'idle', onSelect: retry.now },
    { label: 'Test', icon: <FlaskConical size={15} />, disabled: !act, onSelect: open('test') },
    { label: 'Edit', icon: <Pencil size={15} />, disabled: change, onSelect: open('edit') },
    null,
    { label: 'Move up', icon: <ArrowUp size={15} />, disabled: change || number === 1, onSelect: open('up') },
    { label: 'Move down', icon: <ArrowDown size={15} />, disabled: change || last, onSelect: open('down') },
    null,
    { label: 'Delete', icon: <Trash2 size={15} />, danger: true, disabled: change, onSelect: open('delete') },
  ];
  return (
    <li data-tone={words.tone} data-destination={destination.id} className="relative px-3 py-3 sm:px-4">
      <span className="absolute inset-y-0 left-0 w-[3px] bg-(--tone) data-[off=true]:bg-transparent" data-off={words.tone === 'off'} aria-hidden />
      <div className="flex items-start gap-3">
        <span className="figure mt-0.5 grid size-9 flex-none place-items-center rounded-md border border-line bg-well text-xs font-bold text-soft" aria-hidden>
          {platformSign(destination.platform, name)}
        </span>
        <div className="min-w-0 flex-1">
          <p className="truncate leading-snug font-semibold">{name}</p>
          <Address destination={destination} />
        </div>
        <div className="flex flex-none items-center gap-1">
          <Switch checked={enabled} disabled={change} label={`${name}: send to it`} onChange={(next) => onSwitch(destination.id, next)} />
          <Menu label={`More for ${name}`} entries={entries} />
        </div>
      </div>
      <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm sm:pl-12">
        <StateChip words={words}>
          {LASTS.has(output.state) && output.since && <Since at={output.since} />}
        </StateChip>
        {output.state === 'retrying' && <Attempt destination={destination} />}
        {output.state === 'sending' && <Figures destination={destination} />}
      </div>
      <DestinationTrouble destination={destination} onEdit={change ? null : open('edit')} onRetry={act ? retry.now : null} busy={retry.busy} />
    </li>
  );
});

function Address({ destination: { url, key_hint, platform } }: { destination: Destination }) {
  return (
    <p className="truncate text-[0.82rem] text-faint">
      {platform === 'custom' || !platform ? <Private>{url.replace(/^rtmps?:\/\//, '')}</Private> : host(url)}
      {key_hint && (
        <>
          {' · key '}
          <Private>
            <span className="figure">••••{key_hint}</span>
          </Private>
        </>
      )}
    </p>
  );
}

function host(url: string): string {
  return /^\w+:\/\/([^/]+)/.exec(url)?.[1]?.replace(/:443$/, '') ?? url;
}

function Attempt({ destination: { output } }: { destination: Destination }) {
  return (
    <span className="text-soft">
      {output.attempt != null && <>attempt {output.attempt}</>}
      {output.next_retry_at && (
        <>
          {output.attempt != null && ' · '}
          <NextTry at={output.next_retry_at} />
        </>
      )}
    </span>
  );
}

/** Figures that come every second: none of them renders this row. */
function Figures({ destination: { id, output } }: { destination: Destination }) {
  const latest = () => samples.output(id);
  return (
    <span className="flex flex-1 flex-wrap items-center gap-x-3 whitespace-nowrap text-soft">
      <Readout of={id} className="min-w-20 font-medium text-ink" say={() => bitrate(latest()?.bitrate_bits ?? output.bitrate_bits)} />
      <Readout of={id} say={() => `${milliseconds(latest()?.lag_ms ?? output.lag_ms)} behind`} />
      <Readout of={id} className="hidden 2xl:inline" say={() => bytes(latest()?.sent_bytes ?? output.sent_bytes)} />
      <Readout of={id} className="text-warn" say={() => dropped(latest()?.dropped_frames ?? output.dropped_frames)} />
      <Spark destination={id} className="ml-auto hidden h-5 w-16 text-(--tone) sm:block" />
    </span>
  );
}

function dropped(frames: number): string {
  return frames ? `${frames} dropped` : '';
}
