// Encoder, server, destinations in one line: where the signal flows, and where it stops. It answers "whose fault is it?".
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { connectionsQuery, destinationsQuery } from '@/api/queries';
import type { Project } from '@/api/types';
import { Private } from '@/app/Private';
import { bitsIn, viewersOf } from '@/live/samples';
import { usePainted } from '@/ui/painted';
import { Fan, lineTones, sourceTone } from '@/ui/Fan';
import { Readout } from '@/ui/Readout';
import { Toned } from '@/ui/State';
import { encoderName } from '@/words/events';
import { bitrate, count } from '@/words/format';
import { type Tone, ingestWords, outputWords } from '@/words/states';

export function SignalPath({ project }: { project: Project }) {
  const { id, live } = project;
  const connections = useQuery({ ...connectionsQuery, enabled: usePainted(), throwOnError: false });
  const connection = connections.data?.find((each) => each.project_id === id);
  // The list says it line by line; the project has the numbers, for as long as the list is not there.
  const destinations = useQuery({ ...destinationsQuery(id), throwOnError: false }).data;
  const lines = destinations?.filter(({ enabled }) => enabled).map(({ output }) => outputWords(output.state).tone) ?? lineTones(project);
  const none = (destinations?.length ?? live.outputs.total) === 0;
  const source = sourceTone(live.state);
  return (
    <div className="panel grid grid-cols-2 items-center gap-x-4 gap-y-3 p-4 md:grid-cols-[auto_minmax(8rem,1fr)_auto_auto] md:gap-x-8 md:px-6">
      <Cell label="Encoder">
        <Toned tone={source} sign={ingestWords(live.state).sign}>
          {encoderWord(project)}
        </Toned>
        <p className="truncate text-sm text-faint">
          {live.test_pattern ? (
            'The test pattern'
          ) : connection ? (
            <>
              {encoderName(connection.encoder) ?? 'Unknown encoder'} · <Private>{connection.remote.replace(/:\d+$/, '')}</Private>
            </>
          ) : (
            // Nothing is said before it is known, in a line that is there already.
            connections.isPending ? '\u00a0' : nobody(live.state)
          )}
        </p>
      </Cell>
      <Fan source={source} lines={lines} height={64} className="hidden h-16 w-full md:block" />
      <Cell label="Destinations">
        <Toned tone={worst(lines)}>{destinationWord(project, lines.length, none)}</Toned>
        <p className="truncate text-sm text-faint">{trouble(project) ?? (lines.length ? 'Nothing needs you' : none ? 'Add one below' : 'Switch one on')}</p>
      </Cell>
      <dl className="col-span-2 flex gap-6 border-t border-line pt-3 md:col-span-1 md:border-0 md:pt-0">
        <Figure label="In">
          <Readout of={id} say={() => bitrate(bitsIn(project))} />
        </Figure>
        <Figure label="Viewers">
          <Readout of={id} say={() => String(viewersOf(project))} />
        </Figure>
      </dl>
    </div>
  );
}

function Cell({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0 md:min-w-44">
      <p className="engraved">{label}</p>
      {children}
    </div>
  );
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-20">
      <dt className="engraved">{label}</dt>
      <dd className="text-xl leading-tight font-medium whitespace-nowrap">{children}</dd>
    </div>
  );
}

function encoderWord({ live }: Project): string {
  if (live.state === 'live') return 'Sending to us';
  if (live.state === 'starting') return 'Connected, no picture yet';
  if (live.state === 'interrupted') return 'Dropped, held on the air';
  return 'Waiting';
}

function destinationWord({ live }: Project, enabled: number, none: boolean): string {
  if (none) return 'None yet';
  if (enabled === 0) return 'None is on';
  return live.outputs.sending ? `Sending to ${live.outputs.sending} of ${enabled}` : `${count(enabled, 'destination')} ready`;
}

function trouble({ live }: Project): string | null {
  const { failed, retrying } = live.outputs;
  const parts = [failed && `${failed} ${failed === 1 ? 'needs' : 'need'} you`, retrying && `${retrying} retrying`];
  return parts.filter(Boolean).join(', ') || null;
}

function worst(tones: Tone[]): Tone {
  return (['bad', 'warn', 'info', 'ok'] as const).find((tone) => tones.includes(tone)) ?? 'off';
}

function nobody(state: Project['live']['state']): string {
  return state === 'live' || state === 'starting' ? 'Its name is not known' : 'Nobody is connected';
}
