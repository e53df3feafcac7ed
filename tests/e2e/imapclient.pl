# SPDX-License-Identifier: MIT
# What imapsync and many scripts do, with the library that they use: perl imapclient.pl PORT USER PASSWORD. Dies at the first
# thing that is not as it was put there. Its BODYSTRUCTURE, ENVELOPE and THREAD are read by grammars of its own.
use strict;
use warnings FATAL => 'all';
use Mail::IMAPClient;
use Mail::IMAPClient::BodyStructure;

my ($port, $user, $password) = @ARGV;
my $c = Mail::IMAPClient->new(Server => '127.0.0.1', Port => $port, User => $user, Password => $password, Uid => 1, Timeout => 30)
	or die "login: $@";

sub must {
	my ($what, $value) = @_;
	die "$what: " . ($c->LastError // 'wrong') unless $value;
	return $value;
}

must("capability $_", $c->has_capability($_)) for qw(IMAP4rev1 IDLE UIDPLUS MOVE QUOTA ACL NAMESPACE ID);
must('namespace', $c->namespace);
must('tag_and_run', $c->tag_and_run('ID ("name" "imapsync" "version" "2.2")'));
must('create', $c->create('Archive/2026'));
must('create', $c->create('with "quotes" and \\'));
must('exists', $c->exists('Archive/2026'));
must('folders', 4 == grep { /^(INBOX|Archive|Archive\/2026|with .*)$/ } $c->folders);
must('separator', $c->separator eq '/');

my $plain = "Subject: one\r\nFrom: Zoe <zoe\@x.example>\r\nTo: a\@b.example, \"C, D\" <c\@d.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n"
	. "Message-ID: <1\@x>\r\n\r\nHello.\r\n";
my $mixed = "Subject: two\r\nIn-Reply-To: <1\@x>\r\nReferences: <1\@x>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	. "--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n$plain\r\n"
	. "--b\r\nContent-Type: image/png; name=\"a (1).png\"\r\nContent-Disposition: attachment; filename=\"a (1).png\"\r\n\r\nx\r\n--b--\r\n";
my $one = must('append', $c->append_string('INBOX', $plain, '\Seen', '23-Nov-2026 10:00:00 +0100'));
my $two = must('append', $c->append_string('INBOX', $mixed, ''));
must('select', $c->select('INBOX'));
must('count', $c->message_count == 2);
must('unseen', $c->unseen_count == 1);
must('messages', "@{$c->messages}" eq "$one $two");
must('body', $c->message_string($two) eq $mixed);
must('size', $c->size($one) == length $plain);
must('date', $c->internaldate($one) eq '23-Nov-2026 10:00:00 +0100');
must('subject', $c->subject($one) eq 'one');

my $structure = must('bodystructure', $c->get_bodystructure($two));
must('parts', join(' ', $structure->parts) =~ /\b1\b.*\b2\b.*\b3\b/);
must('type', $structure->bodytype eq 'MULTIPART');
my $envelope = must('envelope', $c->get_envelope($one));
must('envelope subject', $envelope->subject eq 'one');
must('to', ($envelope->to_addresses)[1] =~ /c\@d\.example/);
must('hash', $c->fetch_hash('FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'BODY[HEADER.FIELDS (SUBJECT)]')->{$one});
must('headers', $c->parse_headers($one, 'To', 'Subject')->{Subject}[0] eq 'one');

must('search', "@{$c->search('SUBJECT', $c->Quote('two'))}" eq "$two");
must('sort', join(' ', $c->sort('REVERSE SUBJECT', 'US-ASCII', 'ALL')) eq "$two $one");
must('thread', @{$c->thread('REFERENCES', 'UTF-8', 'ALL')} == 1);
must('store', $c->set_flag('Flagged', $one));
must('flags', join(' ', sort $c->flags($one)) =~ /\\Flagged.*\\Seen/);
must('copy', $c->copy('Archive/2026', $one));
must('move', $c->move('with "quotes" and \\', $two));
must('expunge', $c->expunge);
must('status', $c->status('Archive/2026', 'MESSAGES') =~ /MESSAGES 1/ || $c->message_count('Archive/2026') == 1);
must('quota', $c->getquotaroot('INBOX'));
must('acl', ref $c->getacl('INBOX'));
must('idle', my $tag = $c->idle);
must('done', $c->done($tag));
must('compress', $c->compress);
must('noop', $c->noop);
must('body', $c->select('with "quotes" and \\') && $c->message_string(($c->messages)[0]) eq $mixed);
must('rename', $c->rename('Archive', 'Old'));
must('delete', $c->delete('Old/2026'));
must('logout', $c->logout);
print "all is well\n";
