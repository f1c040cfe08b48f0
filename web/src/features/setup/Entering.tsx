// A link that signs in by itself: it works once, so it is opened once, and whoever is inside already stays there.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { meQuery } from '@/api/queries';
import { Door } from './Door';
import { useSetup } from './useSetup';

export function Entering({ link }: { link: string }) {
  const { mutate, isError } = useSetup(link);
  const me = useQuery({ ...meQuery, throwOnError: false }).data;
  const [, navigate] = useLocation();
  const opened = useRef(false);
  useEffect(() => {
    if (opened.current) return;
    opened.current = true;
    mutate({});
  }, [mutate]);
  useEffect(() => {
    if (isError && me) navigate('/', { replace: true });
  }, [isError, me, navigate]);
  if (!isError) return <Door title="Come in" lead={<p role="status">The link is being opened…</p>}>{null}</Door>;
  return (
    <Door
      title="This link is used up"
      lead={<p>It lets one browser in, once, and within 30 minutes. The demo prints another one when it is started again.</p>}
    >
      <Link href="/sign-in" className="btn justify-self-start">
        Sign in
      </Link>
    </Door>
  );
}
