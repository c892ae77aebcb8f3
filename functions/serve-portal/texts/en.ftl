## The frame

frame-main = Main pages
frame-skip = Skip to the content
frame-pick = Find a customer
frame-sign-out = Sign out
frame-footer = Holdfast: backup, comparison and restore of Microsoft Entra ID.
frame-by-link = You are here by an access link, until
page-today = Today
page-organisations = Organisations
page-plans = Plans
page-usage = Usage
page-people = People
page-tokens = Tokens
page-audit = Audit
page-partner = Partner
page-dashboard = Dashboard
page-snapshots = Snapshots
page-search = Search
page-compare = Compare
page-restores = Restores
page-jobs = Jobs
page-organisation = Manage

## Signing in

sign-in-title = Sign in
sign-in-text = Sign in with your work account.
sign-in-again-text = What you are about to do needs a sign-in of the last 15 minutes.
sign-in-button = Go to sign-in
sign-in-invited = I have the code of an invitation
sign-in-failed-other-browser = The sign-in did not come back to the browser in which it began, or took more than 15 minutes.
sign-in-failed-refused = The sign-in was ended without a result.
sign-in-failed-not-taken = The sign-in was not taken.
sign-in-failed-nobody = You are signed in, but belong to no partner here. Whoever was invited opens the invitation with the code from the mail.
sign-in-failed-no-invitation = This code opens no invitation: it was used, withdrawn, or its time is over.
sign-in-failed-no-link = This code opens nothing: it was used before, or its five minutes are over. Ask for another link.
sign-out-failed-title = You are signed out here alone
sign-out-failed-text = This browser is signed out. The service did not end your sessions: those that rest end after 30 minutes. Sign in, and end them on the page of your sessions.
access-title = Open a customer's portal
access-text = The code stands behind “#access=” in the address of your link. It is good once.
access-code = Code of the link
access-button = Open the portal
invitation-title = Accept an invitation
invitation-text = The code is in the mail that invited you. You sign in next.
invitation-code = Code of the mail
invitation-button = Go on
invitation-next = Now sign in with the work account that you want to use here.
invitation-not-accepted-title = The invitation was not accepted
invitation-not-accepted-text = You are signed in as the person that you were already. Whoever belongs to a partner here accepts no other invitation with the same account: use another one, or let yourself be removed there first.
invitation-go-on = Go on

## What went wrong

failure-sign-in-title = You are signed out
failure-sign-in-text = Your session has ended: it rested for 30 minutes, or lasted for 12 hours.
failure-sign-in-again-title = Sign in once more
failure-sign-in-again-text = What you are about to do needs a sign-in of the last 15 minutes.
failure-not-found-title = Nothing is here
failure-not-found-text = There is nothing at this address, or nothing that you may see.
failure-cross-site-title = This form came from elsewhere
failure-cross-site-text = What changes something has to be sent by a page of this portal.
failure-field-title = Something in the form is wrong
failure-field-text = The field “{ $field }” is missing, or is not as it has to be.
failure-denied-title = You may not do this
failure-conflict-title = This cannot be done now
failure-stale-title = Somebody changed this meanwhile
failure-busy-title = Too much at once
failure-busy-text = Try again in a moment.
failure-problem-title = This did not work
failure-no-answer-title = The service does not answer
failure-no-answer-text = No answer came in time, or none that can be read.
failure-too-large-title = This is too large for one answer
failure-too-large-text = What you asked for is too large for one answer, and is not cut in silence. Narrow it by the filter, make a download of it, or ask the API, which gives it in parts.
failure-no-issuer-title = Nobody can sign in yet
failure-no-issuer-text = This installation names no issuer for people's sign-in (HOLDFAST_OIDC_ISSUER, HOLDFAST_OIDC_AUDIENCE).
failure-sign-in-failed-title = You are not signed in
failure-nothing-changed = What the form asked for was not done.
failure-unknown = Whether what the form asked for was done is not known. Look before you go on, or send the same form again: it is done once.
failure-send-again = Send the same form again
failure-again = Try again
failure-home = To the first page
failure-search = Look for a customer
failure-request = Request

## Lists, values, times

list-more = Next
list-csv = As CSV
list-any = Any
list-nothing-yet = Nothing in this part; go on with Next.
list-filter = Filter
list-search = Part of the name or the id
value-nothing = nothing
value-empty = empty text
value-yes = yes
value-no = no
time-now = just now
time-ago-minutes =
    { $count ->
        [one] { $count } minute ago
       *[other] { $count } minutes ago
    }
time-ago-hours =
    { $count ->
        [one] { $count } hour ago
       *[other] { $count } hours ago
    }
time-ago-days =
    { $count ->
        [one] { $count } day ago
       *[other] { $count } days ago
    }
time-in-minutes =
    { $count ->
        [one] in { $count } minute
       *[other] in { $count } minutes
    }
time-in-hours =
    { $count ->
        [one] in { $count } hour
       *[other] in { $count } hours
    }
time-in-days =
    { $count ->
        [one] in { $count } day
       *[other] in { $count } days
    }
head-name = Name
head-state = State
head-tenant = Tenant
head-credentials = Credentials
head-productType = Product
head-seats = Seats
head-snapshot = Newest snapshot
head-complete = Complete?
head-reason = Reason
head-objects = Objects
head-asked = Asked for
head-sealed = Sealed
head-requests = Requests to Graph
head-kind = Kind
head-held = Held
head-full = Read in full
head-not-read = Not read
head-id = Id
head-property = Property
head-value = Value
head-end = Is deleted
head-link = Link
head-direction = Direction
head-other = Other end
head-what = What
head-why = Why
head-ticket = Ticket
head-steps = Steps
head-impossible = Impossible
head-step = Step
head-object = Object
head-action = What is written
head-outcome = What became of it
head-to-do = To do
head-owner = Who
head-job = Job
head-ended = Ended

## Today

today-needed = What needs somebody
today-nothing = Nothing needs you.
today-fine = Customers
today-fine-count =
    { $count ->
        [one] { $count } customer needs nobody,
       *[other] { $count } customers need nobody,
    }
today-of-count =
    { $count ->
        [one] of { $count }.
       *[other] of { $count }.
    }
today-checked = Checked
today-since = since
today-until = until
today-critical = critical
today-changed = What changed
today-changed-nothing = In the last seven days no comparison found a change.
today-changed-title = Changes a day, of all customers, in the last seven days (UTC)
head-day = Day
chart-changes = Changes
chart-table = As a table
chart-unknown = not known
today-runs = What runs now
today-runs-nothing = No snapshot is being taken.
today-runs-count =
    { $count ->
        [one] { $count } snapshot is being taken:
       *[other] { $count } snapshots are being taken:
    }
today-put-aside = Put aside
today-put-aside-means = It is not in the list until then, unless something else is so by that time. The others see who put it aside, and why.
today-aside-count =
    { $count ->
        [one] { $count } is put aside.
       *[other] { $count } are put aside.
    }
today-aside-show = Show them, too
today-aside-hide = Without what is put aside
today-aside-look = Look
today-aside-by = Put aside by
today-aside-until = Put aside until
today-show-again = Show it again
today-how-long = For how long
today-days =
    { $count ->
        [one] { $count } day
       *[other] { $count } days
    }
today-note = Note
today-note-hint = What the others are to know, such as “expected, ticket 4711”.
today-mend = Go to where it is mended
today-only-first = Not everything could be looked at: there may be more.
attention-consent-withdrawn = the consent was withdrawn: nothing is backed up
attention-unreachable = the tenant cannot be reached
attention-late-snapshot = no snapshot for longer than there should be
attention-privileged-changes = changes of who may do what, which nobody has looked at
attention-restore-failed = a restore failed, or was not verified in all of its steps
attention-missing-permissions = permissions are missing; not protected
attention-own-secret-ends = the secret that tenants are read with ends soon
attention-connection-failed = the connection came to nothing
attention-restore-waits = a restore waits for approval
attention-not-covered = the newest snapshot does not hold everything
attention-data-ends = what is stored is deleted soon
attention-excess-permissions = the application has more permissions than it needs
attention-seats-over = more seats are in use than are paid for
attention-transfer-offered = is offered to you by another partner
attention-downgrade-asked = asks for a smaller plan
attention-not-connected = is not connected
attention-connection-waits = the connection waits for its consent to arrive
attention-excess-reading = the application may read what is not backed up

## Organisations

organisations-new = New organisation
organisations-caption =
    { $count ->
        [one] { $count } organisation on this page
       *[other] { $count } organisations on this page
    }
organisations-empty = No organisation is like that.
organisations-manage = manage
organisations-unconnected = not connected
state-active = active
state-suspended = suspended
state-unsubscribed = unsubscribed
state-deleting = being deleted
credentials-connected = connected
credentials-missing-permissions = permissions missing
credentials-excess-permissions = too many permissions
credentials-excess-reading = reads more than needed
credentials-consent-withdrawn = consent withdrawn
credentials-unreachable = unreachable
credentials-waiting = waiting
credentials-unprotected = Not protected: { $what }
product-Backup = Backup
product-Archive = Archive
product-BackupEntra = Backup + Entra
product-ArchiverEntra = Archiver + Entra
role-owner = Owner
role-superAdmin = Super Admin
role-admin = Admin
role-support = Support
role-finance = Finance
role-endCustomer = End customer
organisation-open = Open Entra portal
organisation-general = General
organisation-subscription = Subscription
organisation-credentials = Connection
organisation-customer = What the customer may do
organisation-end = Life and end
organisation-email = Mail address there
organisation-details = Notes of your own
organisation-made = Made
organisation-used = Seats in use
organisation-over =
    { $count ->
        [one] { $count } seat more is in use than is paid for.
       *[other] { $count } seats more are in use than are paid for.
    }
organisation-downgrade = A downgrade waits for a decision.
organisation-needs-plan = An organisation pays for a plan, and there is none yet.
organisation-writer = Consented to restores
organisation-connecting = A consent has not arrived everywhere yet. The connection is tried, of tenant
organisation-connecting-until = last at
organisation-not-connected = The last connection came to nothing, of tenant
organisation-next = Next snapshot
organisation-consent-reader = Link to consent to backups
organisation-consent-writer = Link to consent to restores
organisation-check = Check again what was consented to
organisation-rule = Restores that somebody else has to approve
organisation-access = Access link for the customer
organisation-suspend = Suspend
organisation-suspend-means = Suspending ends the customer's sign-ins; backups go on, and are paid for.
organisation-reactivate = Reactivate
organisation-reactivate-means = Reactivating lets the customer's sign-ins go on; backups that had ended go on too, and are paid for.
organisation-unsubscribe = Unsubscribe
organisation-unsubscribe-means = Unsubscribing ends backups, the customer's sign-ins and what is paid. What is backed up is kept for 45 days, and then deleted.
organisation-delete = Delete
organisation-delete-means = Deleting destroys all that is backed up once the hold is over. Until then it can be kept.
organisation-deleting-at = It is deleted
organisation-keep = Keep it
organisation-keep-means = It is then as it was before.
organisation-hold = Days of hold
feature-search = search in snapshots
feature-compare = compare
feature-restore = restore
feature-download = download
rule-off = none
rule-privileged = those about rights
rule-always = all
head-plan = Plan
once-title = Link
once-text = Copy it now: it is shown this once.
once-link = Link
once-until = Good until
once-back = Back

## Plans

head-label = Label
head-period = Period
head-price = Price
head-shown = Shown
period-monthly = monthly
period-yearly = yearly
plans-new = New plan
plans-one = Plan
plans-caption =
    { $count ->
        [one] { $count } plan on this page
       *[other] { $count } plans on this page
    }
plans-empty = There is no plan yet. The first one is made in a minute.
plans-own = own licence, not for resale
plans-currency = Currency, such as EUR
plans-price = Price of a seat
plans-price-hint = In the currency's own digits, such as 2.90.
plans-visible = Can be sold
plans-fixed = Product, currency and period cannot be changed later; name, price and whether it is sold can.
plans-subscriptions = Organisations on it
plans-with-label = The plan gets the label Entra.
plans-without-label = Without Microsoft Entra ID.
plans-sku-off = Cannot be chosen: Entra is not active for your partner.
partner-secret-ends = The secret with which tenants are read ends on
partner-secret-who = Whoever runs this installation renews it; until then nothing is lost, and afterwards nothing is backed up.
plans-sku-why = Entra is not active for { $partner }. An Owner or Super Admin activates it.
plans-activate = Activate Entra
form-save = Save
plans-below = Partners below that may sell it
plans-below-none = There is no partner below yours.
plans-sell = Let it sell the plan
plans-stop-selling = Let it sell no more of it
plans-activate-below = Activate Entra for it
partner-own = Your own licence
partner-own-means = A plan that costs nothing and is not for resale: by it you protect the tenant of your own company. Make an organisation on it and connect it.
partner-own-make = Make the own licence
organisation-offer = Offer it
organisation-offer-to = Id of the partner that takes it
organisation-offer-hint = It finds its id on its page Partner.
organisation-offer-means = Offering it to another partner changes nothing until that one accepts; tenant, snapshots and history then go with it.
organisation-offered-title = Transfer
organisation-offered-until = It is offered, and can be taken until
organisation-take-back = Take the offer back

## Lists of the partner

page-invitations = Invitations
page-partners = Partners below
page-transfers = Transfers offered to you
page-downgrade-requests = Downgrades
page-sessions = Your sessions
lists-caption =
    { $count ->
        [one] { $count } on this page
       *[other] { $count } on this page
    }
lists-empty = There is nothing here yet.
lists-new-invitations = Invite somebody
lists-new-tokens = Make a token
lists-new-partners = Make a partner below
lists-remove = Remove
lists-removed = The person was removed
lists-removed-tokens = These API tokens, which the person had made, are revoked. What needs one, needs a new one.
lists-removed-more = Not all are listed: others that the person had made are good for nobody either.
lists-withdraw = Withdraw
lists-rotate = Make anew
lists-revoke = Revoke
lists-approve = Approve
lists-refuse = Refuse
lists-end = End
lists-everywhere = Sign out everywhere
lists-field-name = Name
lists-field-email = Mail address
lists-field-role = Role
lists-field-owner-name = Name of its owner
lists-field-owner-email = Mail address of its owner
head-actions = Actions
head-email = Mail address
head-role = Role
head-signs-in = Signs in
head-zone = Time zone
head-mailed = Mailed
head-expires = Good until
head-accepted = Accepted
head-prefix = Begins with
head-used = Last used
head-revoked = Revoked
head-time = Time
head-who = Who
head-from = From
head-to = To
head-request = Request
head-sku = Entra active
request-open = open
request-approved = approved
request-refused = refused
once-secret = Secret
usage-month = Month
usage-through = Counted through
usage-caption =
    { $count ->
        [one] { $count } line on this page
       *[other] { $count } lines on this page
    }
usage-empty = Nothing is billed in this month.
usage-total = Sum
usage-parts =
    { $count ->
        [one] { $count } part
       *[other] { $count } parts
    }
head-organisation = Organisation
head-seat-days = Seat days
head-amount = Amount
head-parts = Parts of the month

## One organisation's portal

dashboard-snapshot = Backup
dashboard-changes = What changed
dashboard-credentials = Connection
dashboard-unconnected = The tenant is not connected yet: its administrator has to consent.
dashboard-no-snapshot = There is no snapshot yet. The first one is taken soon after the tenant was connected.
dashboard-not-yours = This takes a right that you do not have.
dashboard-no-changes = Nothing was compared yet.
dashboard-between = From one snapshot to the next
dashboard-live = Against the live tenant
dashboard-running = A snapshot is being taken.
dashboard-look = Look
snapshots-take = Back up now
snapshots-caption =
    { $count ->
        [one] { $count } snapshot on this page, newest first
       *[other] { $count } snapshots on this page, newest first
    }
snapshots-empty = There is no snapshot yet.
snapshot-title = Snapshot
snapshot-complete = complete
snapshot-complete-but = complete but for { $what }
snapshot-coverage = What it holds
snapshot-never = Never held
snapshot-search = Search in it
reason-schedule = schedule
reason-person = a person
reason-live = a comparison
job-queued = waiting
job-running = running
job-done = done
job-failed = failed
job-under-way = This is under way.
job-refresh = Refresh
job-of-snapshots = Snapshot
job-of-comparisons = Comparison
job-of-restores = Restore
jobs-caption =
    { $count ->
        [one] { $count } job, newest first
       *[other] { $count } jobs, newest first
    }
jobs-empty = Nothing was asked for yet.
jobs-more = These are the 25 newest of each sort. Older ones are in the lists of snapshots, restores and downloads.
search-name = Part of a name
search-id = Id
search-button = Search
search-how = Enter a part of a name or an id, or choose a kind and write a filter.
search-caption =
    { $count ->
        [one] { $count } object on this page
       *[other] { $count } objects on this page
    }
search-nothing = Nothing was found.
search-nothing-yet = Nothing in this part of what is searched; go on with Next.
search-as-of = As of
search-complete = All that is held was searched.
search-not-complete = Not everything was searched yet, or could be judged.
search-not-held = not held:
object-as-of = As in the snapshot of
object-properties = Properties
object-links = Links
object-no-links = Nothing is linked with it.
object-look-up = look up
object-put-back = Preview putting it back
object-exactly = Exactly as it was: what came since is taken away
way-to = to
way-from = from

## Comparisons

compare-title = Comparison
compare-before = Earlier side
compare-after = Later side
compare-live = the live tenant
compare-snapshot = snapshot
compare-button = Compare
compare-older = Older snapshots can be chosen from on the next part of the list.
compare-with-live = Compare with live
compare-again = Compare again
compare-done = Compared
compare-done-but = done but for { $what }
compare-counts = Differences
compare-none = none
compare-shown =
    { $count ->
        [one] { $count } change on this page
       *[other] { $count } changes on this page
    }
compare-nothing = Nothing differs.
compare-not-compared = Not compared:
compare-is-privileged = privileged
compare-tick = Tick what is to be as it was: a whole object, or single parts of it.
compare-put-back = Preview putting back what is ticked
compare-everything = All changes of this comparison, on all pages
compare-everything-button = Preview putting all of it back
change-was = was
change-is = is
change-more-parts =
    { $count ->
        [one] One more part is in the table of the changes (CSV).
       *[other] { $count } more parts are in the table of the changes (CSV).
    }
change-too-long = What changed of it is too long for this page.
change-alone = Show it alone
changes-created =
    { $count ->
        [one] { $count } created
       *[other] { $count } created
    }
changes-deleted =
    { $count ->
        [one] { $count } deleted
       *[other] { $count } deleted
    }
changes-modified =
    { $count ->
        [one] { $count } changed
       *[other] { $count } changed
    }
changes-activated =
    { $count ->
        [one] { $count } role activated
       *[other] { $count } roles activated
    }
changes-ended =
    { $count ->
        [one] { $count } activation ended
       *[other] { $count } activations ended
    }
changes-observed =
    { $count ->
        [one] { $count } observed only
       *[other] { $count } observed only
    }
changes-byService =
    { $count ->
        [one] { $count } by Microsoft
       *[other] { $count } by Microsoft
    }
changes-privileged =
    { $count ->
        [one] { $count } privileged
       *[other] { $count } privileged
    }
what-created = created
what-deleted = deleted
what-modified = changed
what-moved = moved
what-activated = role activated
what-ended = activation ended
who-exact = by
who-probably = probably by
who-noRecordFound = by whom is not in Microsoft's log
who-notGranted = by whom is not known: the permission AuditLog.Read.All is missing
who-notRead = by whom is not known: the log could not be read
who-olderThanMicrosoftKeeps = by whom is not known: Microsoft kept the log no longer
who-recordedElsewhere = by whom is in another log, which is not read
who-collectionBeganLater = by whom is not known: the log is held from a later time on
who-may-still-come = A record that says otherwise may still come.

## Restores

restores-caption =
    { $count ->
        [one] { $count } restore on this page, newest first
       *[other] { $count } restores on this page, newest first
    }
restores-empty = Nothing was put back yet. Compare a snapshot with the live tenant, and tick what is to come back.
restores-waiting = Only those that wait for an approval
restores-none-wait = No restore waits for an approval.
restores-partial = ended, not all of it
restore-title = Restore
restore-receipt = Receipt of a restore
restore-step-choose = Choose
restore-step-preview = Preview
restore-step-run = Run
restore-step-receipt = Receipt
restore-previewing = preview is being made
restore-previewed = previewed, nothing written yet
restore-queued = waiting to run
restore-running = running
restore-done = ended
restore-failed = failed
restore-cancelled = stopped
restore-waits = It waits for somebody else's approval.
restore-by = by
restore-reason = What it is for
restore-reason-hint = In one line; the receipt keeps it.
restore-ticket = Ticket
restore-delete-created = Also delete what came since, where it is chosen
restore-blocked = People who come back are blocked from signing in
restore-counts = Steps
restore-count-verified =
    { $count ->
        [one] { $count } verified or so already
       *[other] { $count } verified or so already
    }
restore-count-unverified =
    { $count ->
        [one] { $count } written, not verified
       *[other] { $count } written, not verified
    }
restore-count-failed =
    { $count ->
        [one] { $count } failed
       *[other] { $count } failed
    }
restore-count-skipped =
    { $count ->
        [one] { $count } skipped
       *[other] { $count } skipped
    }
restore-began = Began
restore-ended = Ended
restore-expected = Expected to end
restore-expires = Can be run until
restore-approved-by = Approved by
restore-run-by = Run by
restore-of = Takes back changes of a
restore-undoes = Undoes
restore-plan = Hash of the plan
restore-not-permitted = The writing application has no permission for: { $what }
restore-conflict = The place is taken: { $property } “{ $value }”, of
restore-approve = Approve
restore-cancel = Stop
restore-again = Preview again
restore-undo = Preview undoing it
restore-export = Signed receipt
restore-confirm = Name of the customer
restore-confirm-hint = This writes much, or takes rights: enter “{ $name }”.
restore-run =
    { $count ->
        [one] Run this { $count } step
       *[other] Run these { $count } steps
    }
restore-caption =
    { $count ->
        [one] { $count } step on this page, in order
       *[other] { $count } steps on this page, in order
    }
restore-no-steps = Nothing is to be written: all of it is as it was.
restore-nothing-written = Nothing is to be written. What differs stays as it is, and is named below.
restore-properties =
    { $count ->
        [one] { $count } property
       *[other] { $count } properties
    }
restore-impossible = What cannot be put back
restore-left-by-mode = What differs and stays as it is
left-by-attributes = what was empty then keeps its value
left-by-links = what came since stays
restore-left = What is left to people
restore-nothing-left = Nothing is left to do.
outcome-none = not begun
outcome-started = begun
outcome-verified = verified
outcome-unverified = written, not verified
outcome-differs = written, reads back differently
outcome-already = was so already
outcome-skipped = skipped
outcome-failed = failed
action-undelete = take out of the recycle bin
action-adopt = take what is there in its place
action-create = create again
action-update = write
action-act = set
action-addLinks = add
action-removeLink = remove
action-removeOtherLinks = remove all others
action-assign = assign
action-assignLicences = assign licences
action-issuePass = make a Temporary Access Pass
action-delete = delete
remark-noAdministrator = No administrator would be left.
remark-oneAdministrator = Only one administrator would be left.
remark-administratorsUnknown = Who administers the tenant could not be read.
warning-losesMembers = loses its members for a while
warning-passwordReset = gets a password that nobody knows
warning-finalDeletion = is deleted for good
warning-comparedLater = is compared when it is run
warning-emptiesLater = may be emptied when it is run
warning-newId = gets a new id
warning-tenureUnknown = for how long is not known
warning-blocked = comes back blocked
warning-restricted = is in a restricted unit
warning-otherEnds = needs rights over its members
warning-incomingUnseen = what led to it was not seen
warning-formerListed = former assignments may be listed
warning-nameForAWhile = has another name until its own is free
warning-signsInByPass = whoever reads the pass can sign in as them
warning-passPolicyUnknown = whether the policy allows passes is not known
warning-passPolicyOfGroups = the policy allows passes to some groups alone
warning-endUnknown = who holds the role is not known
cause-refused = refused by Graph
cause-denied = no permission
cause-notFound = not found
cause-conflict = conflict
cause-unavailable = not reachable
cause-notSeen = not seen after it was written
cause-unreadable = cannot be read
cause-cancelled = stopped
cause-dependencyFailed = what it needs failed
cause-ownAccess = is Holdfast's own access
cause-lockOut = would lock everybody out
cause-changedSincePreview = changed since the preview
cause-gone = is gone
cause-expired = is over
todo-givePassword = give a password
todo-handOverPass = hand over the access pass
todo-registerMethods = register sign-in methods
todo-allowSignIn = allow the sign-in
todo-consentAgain = consent again
todo-replaceId = replace the id
todo-enterSecret = enter the secret
todo-restoreElsewhere = restore it elsewhere
todo-invite = invite
todo-changeAtSource = change it at its source
todo-findLicence = find a licence
todo-grantPermission = grant the permission
todo-doByHand = do it by hand
todo-decide = decide
owner-person = the person
owner-helpdesk = helpdesk
owner-administrator = administrator
owner-deviceAdministrator = device administrator
owner-licenceAdministrator = licence administrator
owner-directoryAdministrator = directory administrator
owner-technician = technician
duty-done = done
duty-open = open
duty-unseen = cannot be seen

## Histories, explanations and coverage

head-when = When
head-from-to = From – to
head-reach = How far it is covered
head-number = Objects with a value
history-title = History
history-caption =
    { $count ->
        [one] { $count } version on this page, newest first
       *[other] { $count } versions on this page, newest first
    }
history-nothing = Nothing changed since it was first held.
history-nothing-yet = Nothing changed in this part of the time; go on with Next.
history-of-link = Only of the link
history-of-object = Show the whole object
history-link = its history
history-since = was otherwise
history-continued = Goes on from the page before.
history-no-comparison = not among the newest comparisons
history-comparison = Look in the comparison
history-told-since = Everything is told since
history-complete = This goes back to the beginning, and nothing is left out.
history-not-complete = This is not everything: it goes on, or something was not held on the way.
history-gap = { $what } was not held from
history-unreadable = This snapshot cannot be read:
history-known-as = Under which ids it was
history-guessed = a guess, since both are alike in { $property }
happened-created = created
happened-recreated = created again
happened-restored = came back from the recycle bin
happened-modified = changed
happened-softDeleted = deleted, in the recycle bin
happened-hardDeleted = deleted for good
happened-deleted = deleted
explain-title = Why something was a change, or was none
explain-link = why?
explain-path = Path in the object
explain-hint = As a change names it, such as employeeOrgData/division.
explain-button = Explain
explain-how = Enter what a change names: the kind, the id and a path. It is said what the comparison makes of it.
explain-back = Back to the comparison
verdict-change = It is a change
verdict-derived = It follows from something else
verdict-observed = It was only observed
verdict-service = Microsoft did it
verdict-same = It is the same on both sides
verdict-saidOtherwise = It says the same in another way
verdict-volatile = It changes by itself
verdict-note = It is a note of Graph's
verdict-notRead = One side did not read it
verdict-everywhere = It came or went on all objects at once
verdict-created = The object came with it
verdict-deleted = The object went with it
verdict-nowhere = Neither side has it
coverage-title = Coverage by property
coverage-back = Back to the snapshot
coverage-relation = relation
coverage-caption =
    { $count ->
        [one] { $count } property on this page
       *[other] { $count } properties on this page
    }
coverage-empty = No object of this kind was looked at yet.
coverage-looked =
    { $count ->
        [one] { $count } object was looked at for this page.
       *[other] { $count } objects were looked at for this page.
    }
coverage-goes-on = More follow: the numbers of all pages add up.
reach-not-captured = not captured
reach-captured = captured
reach-comparable = captured and compared
reach-restorable = captured, compared and put back
limit-identity = It says which object it is.
limit-annotation = It is a note of Graph's.
limit-volatile = It changes by itself.
limit-set-by-service = Microsoft sets it.
limit-create-only = It can be set only when the object is created.
gap-denied = The permission is missing.
gap-unlicensed = The licence is missing.
gap-denied-or-unlicensed = The permission or the licence is missing.
gap-unknown-to-graph = Graph does not know it in this tenant.
gap-refused = Graph refused it.
gap-unreadable = It could not be read.
gap-unavailable = Graph was not reachable.
gap-too-many = There are more than are read.
gap-not-granted = Nobody consented to it.
gap-not-asked = It was not asked for.
gap-not-proven = Whether all was read is not proven.

## Search, filters and downloads

search-filter = Filter (OData)
search-time = As of (UTC)
search-filter-help = How a filter is written
search-filter-text = Choose a kind, then compare its properties with eq, ne, gt, ge, lt, le, in, startswith, endswith and contains, joined by and, or and not; any looks into lists. Texts stand in single quotes.
search-wrong = Nothing was searched: put right what is marked above.
search-before-all = There was no snapshot yet at that time.
search-in-bin = In the recycle bin:
search-undecided =
    { $count ->
        [one] Of { $count } object the snapshot does not know what the filter asks; it is not in the list.
       *[other] Of { $count } objects the snapshot does not know what the filter asks; they are not in the list.
    }
object-then = Show as of then
object-not-then = The snapshot of that time does not hold it.
object-history = History
page-downloads = Downloads
head-of = Of what
head-records = Lines
head-ends = Is removed
downloads-caption =
    { $count ->
        [one] { $count } download on this page, newest first
       *[other] { $count } downloads on this page, newest first
    }
downloads-empty = No file is there. Each is kept for 24 hours after it was asked for.
downloads-new = Make a file
downloads-make = Make the file
downloads-all-kinds = Everything that it holds
downloads-format = Form of the file
downloads-one = Download
downloads-fetch = Fetch the file
downloads-expected = of { $count }
downloads-bytes = Bytes
format-csv = table for a spreadsheet (CSV)
format-json-lines = JSON, one object a line
snapshot-download = Download from it
job-of-downloads = Download

## Filters of a comparison

compare-name = Part of the object's name, or its id
compare-property = Property, or type of link
compare-actor = Made by
compare-weight = Matters
compare-class = Sort
compare-order = Order
compare-nothing-such = No change is like that.
compare-nothing-yet = Nothing in this part; go on with Next.
weight-70 = about rights, or accounts that have some
weight-10 = all that somebody made
class-change = somebody made it
class-derived = follows from something else
class-observed = only observed
class-service = Microsoft made it
order-weight = what matters most first
order-key = by kind and id

## Settings

page-settings = Settings
settings-backup = Backup
settings-per-day = Snapshots a day
settings-per-day-hint = From 1 to 24, evenly spread over the day.
settings-features = The customer's people may
settings-none = nothing
settings-change = Change
settings-by-partner = Your partner changes these.

## An edit that somebody else was ahead of

head-field = Field
head-now = As it is now
head-yours = As you wanted it
stale-caption = Both versions
stale-text = Somebody saved a change after you had opened the page. Yours was not saved.
stale-differs = differs
stale-save = Save mine over it
stale-leave = Leave it as it is now

## Notifications

page-notifications = Notifications
head-topic = Topic
notifications-caption =
    { $count ->
        [one] { $count } person on this page
       *[other] { $count } people on this page
    }
notifications-text = What each person hears of by mail, and how often. What nobody chose follows the role.
notifications-mine = My notifications
notifications-not-yours = An Owner or Super Admin sees what everybody hears of.
notifications-one = Notifications of one person
notifications-one-caption = How often you hear of each topic
notifications-none = There is no topic that this role may hear of.
notifications-not-open = not open to the role
notifications-chosen = chosen
notifications-reach = Mail arrives
notifications-try = Send mail again
notifications-as-role = As the role has it
notifications-next = Next digest, should there be anything to tell:
notifications-owner = Only an Owner changes this for somebody else.
notifications-only = only about
notifications-hour = Hour at which digests leave
notifications-hour-hint = From 0 to 23, where the person is.
topic-errors = Errors
topic-changes = Changes
topic-privileged-changes = Privileged changes
topic-seats = Seats
topic-credentials = Connections
topic-restores = Restores
topic-invoices = Invoices
topic-approvals = Approvals
often-immediate = at once
often-daily = daily
often-weekly = weekly
often-monthly = monthly
often-never = never
trouble-bounced = bounced
trouble-suppressed = suppressed by the mail service
trouble-complained = complained of as spam
trouble-refused = refused by the mail service

## People and rights

page-rights = Rights
head-right = May
rights-text = This is the table by which every request is judged, by page or by program.
rights-caption = Who may do what
person-sees = Sees
person-sees-all = all organisations
person-sees-some =
    { $count ->
        [one] { $count } organisation
       *[other] { $count } organisations
    }
sees-all = all organisations
sees-some = only those ticked below
person-change = Change
person-owner = Only an Owner changes other people.
person-rights = What this person may do
person-sessions = Sessions
person-no-sessions = This person is signed in nowhere.
person-more = Only the first 200 organisations stand here; the API takes every one.
person-tokens = It is saved. These API tokens of the person were revoked or narrowed with it:
mark-good = known to be good
mark-expected = expected:
mark-say-good = Say that this is known to be good
mark-note = What others are to know of it
mark-take-back = It is not known to be good any more
right-readPartner = See the partner and its organisations
right-managePeople = Manage people and partners below
right-managePlans = Make plans and activate Entra
right-changeSubscription = Change plan and seats
right-manageOrganisation = Make, suspend and reactivate organisations
right-editOrganisation = Edit an organisation, and open its portal
right-connectOrganisation = Connect a tenant
right-endOrganisation = Unsubscribe, transfer and delete an organisation
right-useSnapshots = Take and search snapshots
right-compare = Compare
right-previewRestore = Preview a restore
right-runRestore = Run, stop and undo a restore
right-approveRestore = Approve a restore of somebody else's
right-setApprovals = Say which restores wait for approval
right-download = Download
right-mark = Mark accounts for emergencies, good snapshots and expected changes
right-readAccessPass = Read a Temporary Access Pass, once
right-readMoney = See prices, usage and invoices
right-manageMoney = Change prices
right-manageTokens = Make and revoke API tokens
right-readAudit = Read the audit log
right-exportAudit = Export and verify the audit log
right-askDowngrade = Ask for a smaller plan
right-approveDowngrade = Decide about smaller plans
condition-notOfOwners = yes, but not of Owners
condition-ownOrganisation = yes, for its own organisations
condition-featureOn = yes, where it is switched on
condition-featureOnAndApproved = yes, where it is switched on and somebody of the partner approves
condition-topPartner = yes, at the top partner

## An organisation's own token

access-page = Own token and open portals
access-token = Own token of the organisation
access-token-text = By this token the customer's own programs use the API. It opens what is switched on for the customer.
access-no-token = There is no token yet.
access-opens = Opens
access-renew = Make anew
access-revoke = Revoke
access-renew-means = Made anew, it takes the place of the one before, which is no longer good.
access-not-yours = An Owner or Super Admin manages the organisation's own token.
access-sessions = Portals that access links opened
access-no-sessions = No portal of the customer is open.
head-by = By

## Transfers, invoices and several organisations at once

head-above = Partner above
transfer-title = Transfer
transfer-from = Offered by
transfer-needs = What accepting it needs
transfer-needs-plan = One of your own plans, which the organisation pays for from then on.
transfer-sku-on = Entra is active for your partner: plans with the label Entra can be chosen.
transfer-sku-off = Entra is not active for your partner: without it no plan with the label Entra can be made.
transfer-keeps = The tenant, its snapshots and its history stay with the organisation.
transfer-pays =
    { $count ->
        [one] { $count } seat is billed to you from then on.
       *[other] { $count } seats are billed to you from then on.
    }
transfer-accept = Accept it
usage-invoice = Invoice of this month
usage-part = These are the sums of this page: those of all pages, added up, are what the month costs.
invoice-title = Invoice
invoice-number = Number
head-changes = Changes in a day
head-sort = Order
sort-name = by name
sort-last-snapshot = oldest snapshot first
sort-seats = by seats in use beyond those paid for
sort-changes = most changes first
organisations-late = late
organisations-not-held =
    { $count ->
        [one] complete but for { $count } part
       *[other] complete but for { $count } parts
    }
organisations-only-first = Not all organisations could be looked at.
bulk-title = Several organisations at once
bulk-act = With those that are ticked
bulk-button = Do it
bulk-choose = Choose
bulk-caption =
    { $count ->
        [one] { $count } organisation
       *[other] { $count } organisations
    }
bulk-result = Done with { $done } of { $all }.
bulk-refused = not done
bulk-snapshot = Back up now
bulk-suspend = Suspend
bulk-reactivate = Reactivate
bulk-done-snapshot = snapshot asked for
bulk-done-suspend = suspended
bulk-done-reactivate = reactivated

## The jobs of a partner, and search over all snapshots

standing-open = under way
standing-previewed = previewed
standing-done = done
standing-failed = failed
standing-cancelled = stopped
standing-ended = removed
work-unknown = cannot be read
work-nothing-yet = Nothing in this part; go on with Next.
work-gone =
    { $count ->
        [one] { $count } job is left out: its organisation is no longer here.
       *[other] { $count } jobs are left out: their organisations are no longer here.
    }
work-not-complete = Not everything could be read.
ever-title = Search in all snapshots
ever-one = Search in one snapshot
ever-how = Enter a part of a name, a user name or an address, or an id: also what is gone is found.
head-held-from = Held from – to
head-left = Now
ever-first = first
ever-last = last
ever-there = is there
ever-not-whole = with gaps
ever-back-to = Searched back to this snapshot
