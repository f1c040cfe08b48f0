// A project's shows, newest first.
import { useSuspenseInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { ChevronRight } from 'lucide-react';
import { Link } from 'wouter';
import { projectQuery, streamsQuery } from '@/api/queries';
import type { Broadcast } from '@/api/types';
import { ProjectTabs } from '@/features/project/ProjectTabs';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { PageHead } from '@/ui/PageHead';
import { StateChip } from '@/ui/State';
import { Since } from '@/ui/Time';
import { dateTime, span } from '@/words/format';
import { ingestWords } from '@/words/states';

export default function StreamsPage({ id }: { id: string }) {
  const project = useSuspenseQuery(projectQuery(id)).data;
  const streams = useSuspenseInfiniteQuery(streamsQuery(id));
  const items = streams.data.pages.flatMap((page) => page.items);
  return (
    <>
      <PageHead title={project.name} />
      <ProjectTabs id={id} />
      {items.length === 0 ? (
        <div className="panel">
          <Empty title="No show yet">Each time your encoder goes on the air, a show begins. Its report stays here.</Empty>
        </div>
      ) : (
        <ul className="panel rows overflow-hidden">
          {items.map((stream) => (
            <Show key={stream.id} stream={stream} />
          ))}
        </ul>
      )}
      {streams.hasNextPage && (
        <Button className="mt-3" busy={streams.isFetchingNextPage} onClick={() => void streams.fetchNextPage()}>
          Earlier shows
        </Button>
      )}
    </>
  );
}

function Show({ stream }: { stream: Broadcast }) {
  const { id, started_at, ended_at, end_reason, encoder, live } = stream;
  return (
    <li>
      <Link href={`/streams/${id}`} className="flex min-h-14 items-center gap-3 px-4 py-2 hover:bg-raised">
        <span className="figure w-36 flex-none font-medium">{dateTime(started_at)}</span>
        <span className="figure w-24 flex-none text-soft">
          {ended_at ? span((Date.parse(ended_at) - Date.parse(started_at)) / 1000) : <Since at={started_at} />}
        </span>
        <span className="hidden min-w-0 flex-1 truncate text-sm text-faint sm:block">{[encoder, end_reason].filter(Boolean).join(' · ')}</span>
        {live && <StateChip words={ingestWords('live')} />}
        <ChevronRight size={18} className="ml-auto flex-none text-faint" aria-hidden />
      </Link>
    </li>
  );
}
