// An address that is nothing.
import { Link } from 'wouter';
import { PageHead } from '@/ui/PageHead';

export default function NotFoundPage() {
  return (
    <>
      <PageHead title="Nothing here" lead="This address is no page of the dashboard." />
      <Link href="/" className="btn">
        To the overview
      </Link>
    </>
  );
}
