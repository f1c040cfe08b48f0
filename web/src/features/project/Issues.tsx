// What is wrong with the signal, and what to do about it: now, or in a report over a whole show.
import type { Issue, ReportIssue } from '@/api/types';
import { StateSign } from '@/ui/State';
import { Ago } from '@/ui/Time';
import { span } from '@/words/format';
import { SEVERITY } from '@/words/states';

type Either = Issue | ReportIssue;

export function Issues({ issues }: { issues: Either[] }) {
  return (
    <ul className="rows border-b border-line last:border-b-0">
      {issues.map((issue) => {
        const { tone, sign } = SEVERITY[issue.severity];
        return (
          <li key={`${issue.code} ${'destination_id' in issue ? issue.destination_id : issue.destination_name}`} data-tone={tone} className="flex gap-3 border-l-3 border-(--tone) px-4 py-3">
            <StateSign sign={sign} size={18} className="mt-0.5 flex-none text-(--tone)" />
            <div className="min-w-0 flex-1">
              <p className="font-semibold">
                {issue.destination_name && `${issue.destination_name}: `}
                {issue.title}
              </p>
              {'detail' in issue && issue.detail && <p className="text-sm">{issue.detail}</p>}
              {issue.what_to_do && <p className="text-sm text-soft">{issue.what_to_do}</p>}
            </div>
            <p className="flex-none text-right text-sm text-faint">
              <When issue={issue} />
            </p>
          </li>
        );
      })}
    </ul>
  );
}

function When({ issue }: { issue: Either }) {
  if ('since' in issue) return <Ago at={issue.since} />;
  return `${span(issue.seconds)}${issue.times > 1 ? `, ${issue.times} times` : ''}`;
}
