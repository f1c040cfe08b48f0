// The report of one show: how long, what was wrong, what reached each destination, and everything that happened.
import { useSuspenseQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { Link } from 'wouter';
import { destinationsQuery, reportQuery } from '@/api/queries';
import type { Report } from '@/api/types';
import { EventRow } from '@/features/activity/EventRow';
import { Issues } from '@/features/project/Issues';
import { Curve } from '@/features/streams/Curve';
import { OutputTable } from '@/features/streams/OutputTable';
import { save } from '@/features/streams/save';
import { useQuery } from '@tanstack/react-query';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { PageHead } from '@/ui/PageHead';
import { PanelHead } from '@/ui/Panel';
import { asTold, encoderName } from '@/words/events';
import { DEPARTURES } from '@/words/states';
import { bitrate, clock, date, dateTime, timeOfDay } from '@/words/format';

export default function StreamPage({ id }: { id: string }) {
  const report = useSuspenseQuery(reportQuery(id)).data;
  const { broadcast, project, duration_s, issues, outputs, events } = report;
  const destinations = useQuery({ ...destinationsQuery(project.id), throwOnError: false }).data;
  const names = (destination: string) =>
    outputs.find((each) => each.destination_id === destination)?.name ?? destinations?.find((each) => each.id === destination)?.name;
  return (
    <>
      <nav aria-label="Where" className="text-sm text-faint">
        <Link href={`/projects/${project.id}/streams`} className="tap hover:text-ink">
          {project.name}, shows
        </Link>
      </nav>
      <PageHead
        title={`Show of ${date(broadcast.started_at)}`}
        actions={
          <Button onClick={() => save(report)}>
            <Download size={16} aria-hidden />
            Report without keys
          </Button>
        }
      />
      <Facts report={report} duration={duration_s} />
      <section className="panel mb-4" aria-labelledby="curve">
        <PanelHead id="curve" title="Bitrate" aside="from beginning to end" />
        <Curve report={report} names={names} />
      </section>
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <div className="grid grid-cols-1 gap-4">
          <section className="panel" aria-labelledby="issues">
            <PanelHead id="issues" title="Signal" />
            {issues.length ? <Issues issues={issues} /> : <Empty title="Nothing was wrong with the signal" />}
          </section>
          <section className="panel" aria-labelledby="outputs">
            <PanelHead id="outputs" title="Destinations" />
            {outputs.length ? <OutputTable outputs={outputs} names={names} /> : <Empty title="It was sent to no destination" />}
          </section>
        </div>
        <section className="panel" aria-labelledby="events">
          <PanelHead id="events" title="What happened" />
          <ol className="px-4 py-3">
            {asTold(events).map((event) => (
              <EventRow key={event.id} event={event} names={names} />
            ))}
          </ol>
        </section>
      </div>
    </>
  );
}

function Facts({ report: { broadcast, outputs, summary }, duration }: { report: Report; duration: number }) {
  const facts: [string, string][] = [
    ['Began', timeOfDay(broadcast.started_at)],
    ['Ended', broadcast.ended_at ? timeOfDay(broadcast.ended_at) : 'still on the air'],
    ['Length', clock(duration)],
    ['Encoder', encoderName(broadcast.encoder) ?? 'unknown'],
    ['Node', broadcast.node],
    ['Destinations', String(outputs.length)],
    ['Bitrate', bitrate(summary.video_bits + summary.audio_bits)],
    ['End', DEPARTURES[broadcast.end_reason ?? ''] ?? broadcast.end_reason ?? '–'],
  ];
  return (
    <dl className="panel mb-4 grid grid-cols-2 gap-x-6 gap-y-3 p-4 sm:grid-cols-3 lg:grid-cols-4 2xl:grid-cols-8" title={dateTime(broadcast.started_at)}>
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt className="engraved">{label}</dt>
          <dd className="figure font-medium break-words">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
