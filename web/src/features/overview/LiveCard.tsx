// A show on the air, at a glance: how long, how much, where to, who watches.
import { Link } from 'wouter';
import type { Project } from '@/api/types';
import { samples } from '@/live/samples';
import { Fan, lineTones, sourceTone } from '@/ui/Fan';
import { Readout } from '@/ui/Readout';
import { Tally } from '@/ui/Tally';
import { bitrate } from '@/words/format';

export function LiveCard({ project }: { project: Project }) {
  const { id, name, live } = project;
  const { sending, total } = live.outputs;
  return (
    <li className="panel relative grid gap-4 p-4 transition-colors hover:border-edge sm:p-5">
      <div className="flex items-start justify-between gap-3">
        <h3 className="min-w-0 text-lg leading-snug font-semibold">
          <Link href={`/projects/${id}`} className="break-words after:absolute after:inset-0 after:rounded-panel">
            {name}
          </Link>
        </h3>
        <Tally live={live} />
      </div>
      <div className="flex flex-wrap items-center gap-x-6 gap-y-3">
        <Fan source={sourceTone(live.state)} lines={lineTones(project)} className="h-14 w-full sm:w-40 sm:flex-none" />
        <dl className="grid flex-1 grid-cols-3 gap-x-4">
          <Figure label="In">
            <Readout of={id} say={() => bitrate(samples.project(id)?.figures.bitrate_bits ?? live.bitrate_bits)} />
          </Figure>
          <Figure label="Out">
            <span className="figure">
              {sending} of {total}
            </span>
          </Figure>
          <Figure label="Viewers">
            <Readout of={id} say={() => String(samples.project(id)?.viewers ?? live.viewers)} />
          </Figure>
        </dl>
      </div>
    </li>
  );
}

function Figure({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt className="engraved">{label}</dt>
      <dd className="text-[1.05rem] font-medium whitespace-nowrap">{children}</dd>
    </div>
  );
}
