## The frame

frame-main = Hauptseiten
frame-skip = Zum Inhalt springen
frame-pick = Kunden finden
frame-sign-out = Abmelden
frame-footer = Holdfast: Sicherung, Vergleich und Wiederherstellung von Microsoft Entra ID.
frame-by-link = Sie sind über einen Zugangslink hier, bis
page-today = Heute
page-organisations = Organisationen
page-plans = Pläne
page-usage = Nutzung
page-people = Personen
page-tokens = Token
page-audit = Protokoll
page-partner = Partner
page-dashboard = Übersicht
page-snapshots = Snapshots
page-search = Suche
page-compare = Vergleichen
page-restores = Wiederherstellungen
page-jobs = Aufträge
page-organisation = Verwalten

## Signing in

sign-in-title = Anmelden
sign-in-text = Melden Sie sich mit Ihrem Arbeitskonto an.
sign-in-again-text = Was Sie vorhaben, braucht eine Anmeldung der letzten 15 Minuten.
sign-in-button = Zur Anmeldung
sign-in-invited = Ich habe den Code einer Einladung
sign-in-failed-other-browser = Die Anmeldung kam nicht in dem Browser zurück, in dem sie begann, oder dauerte länger als 15 Minuten.
sign-in-failed-refused = Die Anmeldung wurde ohne Ergebnis beendet.
sign-in-failed-not-taken = Die Anmeldung wurde nicht angenommen.
sign-in-failed-nobody = Sie sind angemeldet, gehören hier aber zu keinem Partner. Wer eingeladen wurde, öffnet die Einladung mit dem Code aus der Mail.
sign-in-failed-no-invitation = Dieser Code öffnet keine Einladung: Er wurde benutzt, zurückgezogen, oder seine Zeit ist um.
sign-in-failed-no-link = Dieser Code öffnet nichts: Er wurde schon benutzt, oder seine fünf Minuten sind um. Bitten Sie um einen neuen Link.
sign-out-failed-title = Sie sind nur hier abgemeldet
sign-out-failed-text = Dieser Browser ist abgemeldet. Der Dienst hat Ihre Sitzungen nicht beendet: Ruhende enden nach 30 Minuten. Melden Sie sich an und beenden Sie sie auf der Seite Ihrer Sitzungen.
access-title = Portal eines Kunden öffnen
access-text = Der Code steht in der Adresse Ihres Links hinter „#access=“. Er gilt einmal.
access-code = Code des Links
access-button = Portal öffnen
invitation-title = Einladung annehmen
invitation-text = Der Code steht in der Mail, die Sie einlud. Danach melden Sie sich an.
invitation-code = Code aus der Mail
invitation-button = Weiter
invitation-next = Melden Sie sich nun mit dem Arbeitskonto an, das Sie hier benutzen wollen.
invitation-not-accepted-title = Die Einladung wurde nicht angenommen
invitation-not-accepted-text = Sie sind als die Person angemeldet, die Sie schon waren. Wer hier zu einem Partner gehört, nimmt mit demselben Konto keine andere Einladung an: Verwenden Sie ein anderes, oder lassen Sie sich dort zuerst entfernen.
invitation-go-on = Weiter

## What went wrong

failure-sign-in-title = Sie sind abgemeldet
failure-sign-in-text = Ihre Sitzung ist zu Ende: Sie ruhte 30 Minuten oder dauerte 12 Stunden.
failure-sign-in-again-title = Noch einmal anmelden
failure-sign-in-again-text = Was Sie vorhaben, braucht eine Anmeldung der letzten 15 Minuten.
failure-not-found-title = Hier ist nichts
failure-not-found-text = An dieser Adresse ist nichts, oder nichts, was Sie sehen dürfen.
failure-cross-site-title = Dieses Formular kam von anderswo
failure-cross-site-text = Was etwas ändert, muss von einer Seite dieses Portals gesendet werden.
failure-field-title = Im Formular stimmt etwas nicht
failure-field-text = Das Feld „{ $field }“ fehlt oder ist nicht, wie es sein muss.
failure-denied-title = Das dürfen Sie nicht
failure-conflict-title = Das geht jetzt nicht
failure-stale-title = Jemand hat das inzwischen geändert
failure-busy-title = Zu viel auf einmal
failure-busy-text = Versuchen Sie es gleich noch einmal.
failure-problem-title = Das hat nicht geklappt
failure-no-answer-title = Der Dienst antwortet nicht
failure-no-answer-text = Es kam rechtzeitig keine Antwort, oder keine, die sich lesen lässt.
failure-too-large-title = Das ist zu groß für eine Antwort
failure-too-large-text = Was Sie verlangt haben, ist zu groß für eine Antwort und wird nicht still gekürzt. Grenzen Sie es mit dem Filter ein, erstellen Sie einen Download davon, oder fragen Sie die API, die es in Teilen gibt.
failure-no-issuer-title = Noch kann sich niemand anmelden
failure-no-issuer-text = Diese Installation nennt keinen Aussteller für Anmeldungen (HOLDFAST_OIDC_ISSUER, HOLDFAST_OIDC_AUDIENCE).
failure-sign-in-failed-title = Sie sind nicht angemeldet
failure-nothing-changed = Worum das Formular bat, wurde nicht getan.
failure-unknown = Ob geschah, was das Formular verlangte, ist nicht bekannt. Sehen Sie nach, bevor Sie weitermachen, oder senden Sie dasselbe Formular noch einmal: Es geschieht einmal.
failure-send-again = Dasselbe Formular noch einmal senden
failure-again = Noch einmal versuchen
failure-home = Zur ersten Seite
failure-search = Einen Kunden suchen
failure-request = Anfrage

## Lists, values, times

list-more = Weiter
list-csv = Als CSV
list-any = Alle
list-nothing-yet = Nichts in diesem Teil; weiter mit „Weiter“.
list-filter = Filtern
list-search = Teil des Namens oder der Id
value-nothing = nichts
value-empty = leerer Text
value-yes = ja
value-no = nein
time-now = gerade eben
time-ago-minutes =
    { $count ->
        [one] vor { $count } Minute
       *[other] vor { $count } Minuten
    }
time-ago-hours =
    { $count ->
        [one] vor { $count } Stunde
       *[other] vor { $count } Stunden
    }
time-ago-days =
    { $count ->
        [one] vor { $count } Tag
       *[other] vor { $count } Tagen
    }
time-in-minutes =
    { $count ->
        [one] in { $count } Minute
       *[other] in { $count } Minuten
    }
time-in-hours =
    { $count ->
        [one] in { $count } Stunde
       *[other] in { $count } Stunden
    }
time-in-days =
    { $count ->
        [one] in { $count } Tag
       *[other] in { $count } Tagen
    }
head-name = Name
head-state = Zustand
head-tenant = Mandant
head-credentials = Zugang
head-productType = Produkt
head-seats = Plätze
head-snapshot = Neuester Snapshot
head-complete = Vollständig?
head-reason = Grund
head-objects = Objekte
head-asked = Angefordert
head-sealed = Versiegelt
head-requests = Anfragen an Graph
head-kind = Art
head-held = Enthalten
head-full = Ganz gelesen
head-not-read = Nicht gelesen
head-id = Id
head-property = Eigenschaft
head-value = Wert
head-end = Wird gelöscht
head-link = Verknüpfung
head-direction = Richtung
head-other = Anderes Ende
head-what = Was
head-why = Warum
head-ticket = Ticket
head-steps = Schritte
head-impossible = Unmöglich
head-step = Schritt
head-object = Objekt
head-action = Was geschrieben wird
head-outcome = Was daraus wurde
head-to-do = Zu tun
head-owner = Wer
head-job = Auftrag
head-ended = Beendet

## Today

today-needed = Was jemanden braucht
today-nothing = Nichts braucht Sie.
today-fine = Kunden
today-fine-count =
    { $count ->
        [one] { $count } Kunde braucht niemanden,
       *[other] { $count } Kunden brauchen niemanden,
    }
today-of-count =
    { $count ->
        [one] von { $count }.
       *[other] von { $count }.
    }
today-checked = Angesehen
today-since = seit
today-until = bis
today-critical = kritisch
today-changed = Was sich änderte
today-changed-nothing = In den letzten sieben Tagen hat kein Vergleich eine Änderung gefunden.
today-changed-title = Änderungen je Tag, von allen Kunden, in den letzten sieben Tagen (UTC)
head-day = Tag
chart-changes = Änderungen
chart-table = Als Tabelle
chart-unknown = nicht bekannt
today-runs = Was gerade läuft
today-runs-nothing = Gerade wird kein Snapshot aufgenommen.
today-runs-count =
    { $count ->
        [one] { $count } Snapshot wird aufgenommen:
       *[other] { $count } Snapshots werden aufgenommen:
    }
today-put-aside = Zurückstellen
today-put-aside-means = Bis dahin steht es nicht in der Liste, außer wenn sich ändert, was ist. Die anderen sehen, wer es zurückgestellt hat und warum.
today-aside-count =
    { $count ->
        [one] { $count } ist zurückgestellt.
       *[other] { $count } sind zurückgestellt.
    }
today-aside-show = Auch diese zeigen
today-aside-hide = Ohne Zurückgestelltes
today-aside-look = Ansehen
today-aside-by = Zurückgestellt von
today-aside-until = Zurückgestellt bis
today-show-again = Wieder zeigen
today-how-long = Für wie lange
today-days =
    { $count ->
        [one] { $count } Tag
       *[other] { $count } Tage
    }
today-note = Notiz
today-note-hint = Was die anderen wissen sollen, etwa „erwartet, Ticket 4711“.
today-mend = Dorthin, wo es behoben wird
today-only-first = Nicht alles konnte angesehen werden: Es kann noch mehr geben.
attention-consent-withdrawn = die Zustimmung wurde zurückgezogen: nichts wird gesichert
attention-unreachable = der Mandant ist nicht erreichbar
attention-late-snapshot = der letzte Snapshot ist älter, als er sein sollte
attention-privileged-changes = Änderungen daran, wer was darf, die niemand angesehen hat
attention-restore-failed = eine Wiederherstellung schlug fehl oder wurde nicht in allen Schritten geprüft
attention-missing-permissions = Berechtigungen fehlen; nicht geschützt
attention-own-secret-ends = das Geheimnis, mit dem Mandanten gelesen werden, läuft bald ab
attention-connection-failed = aus der Verbindung wurde nichts
attention-restore-waits = eine Wiederherstellung wartet auf Freigabe
attention-not-covered = der neueste Snapshot enthält nicht alles
attention-data-ends = was gespeichert ist, wird bald gelöscht
attention-excess-permissions = die Anwendung hat mehr Berechtigungen, als sie braucht
attention-seats-over = mehr Plätze sind belegt als bezahlt
attention-transfer-offered = wird Ihnen von einem anderen Partner angeboten
attention-downgrade-asked = bittet um einen kleineren Plan
attention-not-connected = ist nicht verbunden
attention-connection-waits = die Verbindung wartet darauf, dass ihre Zustimmung ankommt
attention-excess-reading = die Anwendung darf lesen, was nicht gesichert wird

## Organisations

organisations-new = Neue Organisation
organisations-caption =
    { $count ->
        [one] { $count } Organisation auf dieser Seite
       *[other] { $count } Organisationen auf dieser Seite
    }
organisations-empty = Keine Organisation ist so.
organisations-manage = verwalten
organisations-unconnected = nicht verbunden
state-active = aktiv
state-suspended = ausgesetzt
state-unsubscribed = gekündigt
state-deleting = wird gelöscht
credentials-connected = verbunden
credentials-missing-permissions = Berechtigungen fehlen
credentials-excess-permissions = zu viele Berechtigungen
credentials-excess-reading = liest mehr als nötig
credentials-consent-withdrawn = Zustimmung zurückgezogen
credentials-unreachable = nicht erreichbar
credentials-waiting = wartet
credentials-unprotected = Nicht geschützt: { $what }
product-Backup = Backup
product-Archive = Archiv
product-BackupEntra = Backup + Entra
product-ArchiverEntra = Archivierung + Entra
role-owner = Inhaber
role-superAdmin = Super-Admin
role-admin = Admin
role-support = Support
role-finance = Finanzen
role-endCustomer = Endkunde
organisation-open = Entra-Portal öffnen
organisation-general = Allgemeines
organisation-subscription = Abonnement
organisation-credentials = Verbindung
organisation-customer = Was der Kunde darf
organisation-end = Leben und Ende
organisation-email = Mailadresse dort
organisation-details = Eigene Notizen
organisation-made = Angelegt
organisation-used = Belegte Plätze
organisation-over =
    { $count ->
        [one] { $count } Platz mehr ist belegt als bezahlt.
       *[other] { $count } Plätze mehr sind belegt als bezahlt.
    }
organisation-downgrade = Eine Verkleinerung wartet auf eine Entscheidung.
organisation-needs-plan = Eine Organisation bezahlt einen Plan, und es gibt noch keinen.
organisation-writer = Wiederherstellungen zugestimmt
organisation-connecting = Eine Zustimmung ist noch nicht überall angekommen. Die Verbindung wird versucht, von Mandant
organisation-connecting-until = zuletzt am
organisation-not-connected = Aus der letzten Verbindung wurde nichts, von Mandant
organisation-next = Nächster Snapshot
organisation-consent-reader = Link zur Zustimmung zu Sicherungen
organisation-consent-writer = Link zur Zustimmung zu Wiederherstellungen
organisation-check = Erneut prüfen, was zugestimmt wurde
organisation-rule = Wiederherstellungen, denen jemand anderes zustimmen muss
organisation-access = Zugangslink für den Kunden
organisation-suspend = Aussetzen
organisation-suspend-means = Aussetzen beendet die Anmeldungen des Kunden; Sicherungen gehen weiter und werden bezahlt.
organisation-reactivate = Reaktivieren
organisation-reactivate-means = Reaktivieren lässt die Anmeldungen des Kunden weitergehen; beendete Sicherungen auch, und sie werden bezahlt.
organisation-unsubscribe = Kündigen
organisation-unsubscribe-means = Kündigen beendet Sicherungen, Anmeldungen des Kunden und Bezahlung. Das Gesicherte bleibt 45 Tage und wird dann gelöscht.
organisation-delete = Löschen
organisation-delete-means = Löschen vernichtet alles Gesicherte, sobald die Haltezeit um ist. Bis dahin kann es behalten werden.
organisation-deleting-at = Gelöscht wird es
organisation-keep = Behalten
organisation-keep-means = Es ist dann wieder wie vorher.
organisation-hold = Haltezeit in Tagen
feature-search = in Snapshots suchen
feature-compare = vergleichen
feature-restore = wiederherstellen
feature-download = herunterladen
rule-off = keinen
rule-privileged = denen über Rechte
rule-always = allen
head-plan = Plan
once-title = Link
once-text = Kopieren Sie ihn jetzt: Er wird nur dieses eine Mal gezeigt.
once-link = Link
once-until = Gültig bis
once-back = Zurück

## Plans

head-label = Kennzeichen
head-period = Zeitraum
head-price = Preis
head-shown = Sichtbar
period-monthly = monatlich
period-yearly = jährlich
plans-new = Neuer Plan
plans-one = Plan
plans-caption =
    { $count ->
        [one] { $count } Plan auf dieser Seite
       *[other] { $count } Pläne auf dieser Seite
    }
plans-empty = Es gibt noch keinen Plan. Der erste ist in einer Minute gemacht.
plans-own = eigene Lizenz, nicht zum Weiterverkauf
plans-currency = Währung, etwa EUR
plans-price = Preis eines Platzes
plans-price-hint = Mit den Stellen der Währung, etwa 2,90.
plans-visible = Kann verkauft werden
plans-fixed = Produkt, Währung und Zeitraum lassen sich später nicht ändern; Name, Preis und ob er verkauft wird schon.
plans-subscriptions = Organisationen damit
plans-with-label = Der Plan bekommt das Kennzeichen Entra.
plans-without-label = Ohne Microsoft Entra ID.
plans-sku-off = Nicht wählbar: Entra ist für Ihren Partner nicht aktiv.
partner-secret-ends = Das Geheimnis, mit dem Mandanten gelesen werden, endet am
partner-secret-who = Wer diese Installation betreibt, erneuert es; bis dahin geht nichts verloren, danach wird nichts mehr gesichert.
plans-sku-why = Entra ist für { $partner } nicht aktiv. Ein Inhaber oder Super-Admin aktiviert es.
plans-activate = Entra aktivieren
form-save = Speichern
plans-below = Partner darunter, die ihn verkaufen dürfen
plans-below-none = Unter Ihrem Partner gibt es keinen.
plans-sell = Den Plan verkaufen lassen
plans-stop-selling = Nicht mehr verkaufen lassen
plans-activate-below = Entra für ihn aktivieren
partner-own = Ihre eigene Lizenz
partner-own-means = Ein Plan, der nichts kostet und nicht weiterverkauft wird: Mit ihm schützen Sie den Mandanten der eigenen Firma. Legen Sie eine Organisation darauf an und verbinden Sie sie.
partner-own-make = Eigene Lizenz anlegen
organisation-offer = Anbieten
organisation-offer-to = Id des Partners, der sie übernimmt
organisation-offer-hint = Er findet seine Id auf seiner Seite „Partner“.
organisation-offer-means = Ein Angebot an einen anderen Partner ändert nichts, bis der es annimmt; Mandant, Snapshots und Verlauf gehen dann mit.
organisation-offered-title = Übergabe
organisation-offered-until = Sie ist angeboten und kann angenommen werden bis
organisation-take-back = Angebot zurücknehmen

## Lists of the partner

page-invitations = Einladungen
page-partners = Partner darunter
page-transfers = Ihnen angebotene Übertragungen
page-downgrade-requests = Verkleinerungen
page-sessions = Ihre Sitzungen
lists-caption =
    { $count ->
        [one] { $count } auf dieser Seite
       *[other] { $count } auf dieser Seite
    }
lists-empty = Hier ist noch nichts.
lists-new-invitations = Jemanden einladen
lists-new-tokens = Token machen
lists-new-partners = Partner darunter anlegen
lists-remove = Entfernen
lists-removed = Die Person wurde entfernt
lists-removed-tokens = Diese API-Token, die die Person gemacht hatte, sind widerrufen. Was eines braucht, braucht ein neues.
lists-removed-more = Nicht alle sind aufgeführt: Auch andere, die die Person gemacht hatte, gelten nicht mehr.
lists-withdraw = Zurückziehen
lists-rotate = Neu machen
lists-revoke = Widerrufen
lists-approve = Zustimmen
lists-refuse = Ablehnen
lists-end = Beenden
lists-everywhere = Überall abmelden
lists-field-name = Name
lists-field-email = Mailadresse
lists-field-role = Rolle
lists-field-owner-name = Name des Inhabers
lists-field-owner-email = Mailadresse des Inhabers
head-actions = Aktionen
head-email = Mailadresse
head-role = Rolle
head-signs-in = Meldet sich an
head-zone = Zeitzone
head-mailed = Gemailt
head-expires = Gültig bis
head-accepted = Angenommen
head-prefix = Beginnt mit
head-used = Zuletzt benutzt
head-revoked = Widerrufen
head-time = Zeit
head-who = Wer
head-from = Von
head-to = Zu
head-request = Anfrage
head-sku = Entra aktiv
request-open = offen
request-approved = zugestimmt
request-refused = abgelehnt
once-secret = Geheimnis
usage-month = Monat
usage-through = Gezählt bis
usage-caption =
    { $count ->
        [one] { $count } Zeile auf dieser Seite
       *[other] { $count } Zeilen auf dieser Seite
    }
usage-empty = In diesem Monat wird nichts berechnet.
usage-total = Summe
usage-parts =
    { $count ->
        [one] { $count } Teil
       *[other] { $count } Teile
    }
head-organisation = Organisation
head-seat-days = Platztage
head-amount = Betrag
head-parts = Teile des Monats

## One organisation's portal

dashboard-snapshot = Sicherung
dashboard-changes = Was sich änderte
dashboard-credentials = Verbindung
dashboard-unconnected = Der Mandant ist noch nicht verbunden: Sein Administrator muss zustimmen.
dashboard-no-snapshot = Es gibt noch keinen Snapshot. Der erste wird bald nach der Verbindung gemacht.
dashboard-not-yours = Das braucht ein Recht, das Sie nicht haben.
dashboard-no-changes = Noch wurde nichts verglichen.
dashboard-between = Von einem Snapshot zum nächsten
dashboard-live = Gegen den jetzigen Mandanten
dashboard-running = Ein Snapshot wird gemacht.
dashboard-look = Ansehen
snapshots-take = Jetzt sichern
snapshots-caption =
    { $count ->
        [one] { $count } Snapshot auf dieser Seite, der neueste zuerst
       *[other] { $count } Snapshots auf dieser Seite, der neueste zuerst
    }
snapshots-empty = Es gibt noch keinen Snapshot.
snapshot-title = Snapshot
snapshot-complete = vollständig
snapshot-complete-but = vollständig bis auf { $what }
snapshot-coverage = Was er enthält
snapshot-never = Nie enthalten
snapshot-search = Darin suchen
reason-schedule = Zeitplan
reason-person = eine Person
reason-live = ein Vergleich
job-queued = wartet
job-running = läuft
job-done = fertig
job-failed = fehlgeschlagen
job-under-way = Das ist im Gange.
job-refresh = Aktualisieren
job-of-snapshots = Snapshot
job-of-comparisons = Vergleich
job-of-restores = Wiederherstellung
jobs-caption =
    { $count ->
        [one] { $count } Auftrag, der neueste zuerst
       *[other] { $count } Aufträge, der neueste zuerst
    }
jobs-empty = Noch wurde nichts angefordert.
jobs-more = Das sind die 25 neuesten jeder Art. Ältere stehen in den Listen der Snapshots, Wiederherstellungen und Downloads.
search-name = Teil eines Namens
search-id = Id
search-button = Suchen
search-how = Geben Sie einen Teil eines Namens oder eine Id ein, oder wählen Sie eine Art und schreiben Sie einen Filter.
search-caption =
    { $count ->
        [one] { $count } Objekt auf dieser Seite
       *[other] { $count } Objekte auf dieser Seite
    }
search-nothing = Nichts wurde gefunden.
search-nothing-yet = Nichts in diesem Teil des Durchsuchten; weiter mit „Weiter“.
search-as-of = Stand
search-complete = Alles Enthaltene wurde durchsucht.
search-not-complete = Noch wurde nicht alles durchsucht oder konnte beurteilt werden.
search-not-held = nicht enthalten:
object-as-of = Wie im Snapshot von
object-properties = Eigenschaften
object-links = Verknüpfungen
object-no-links = Nichts ist damit verknüpft.
object-look-up = nachschlagen
object-put-back = Wiederherstellung vorab ansehen
object-exactly = Genau wie es war: Was seither dazukam, wird weggenommen
way-to = zu
way-from = von

## Comparisons

compare-title = Vergleich
compare-before = Frühere Seite
compare-after = Spätere Seite
compare-live = der jetzige Mandant
compare-snapshot = Snapshot
compare-button = Vergleichen
compare-older = Ältere Snapshots stehen im nächsten Teil der Liste zur Wahl.
compare-with-live = Mit jetzt vergleichen
compare-again = Noch einmal vergleichen
compare-done = Verglichen
compare-done-but = fertig bis auf { $what }
compare-counts = Unterschiede
compare-none = keine
compare-shown =
    { $count ->
        [one] { $count } Änderung auf dieser Seite
       *[other] { $count } Änderungen auf dieser Seite
    }
compare-nothing = Nichts unterscheidet sich.
compare-not-compared = Nicht verglichen:
compare-is-privileged = privilegiert
compare-tick = Haken Sie an, was wieder sein soll, wie es war: ein ganzes Objekt oder einzelne Teile.
compare-put-back = Wiederherstellung des Angehakten vorab ansehen
compare-everything = Alle Änderungen dieses Vergleichs, auf allen Seiten
compare-everything-button = Wiederherstellung von allem vorab ansehen
change-was = war
change-is = ist
change-more-parts =
    { $count ->
        [one] Ein weiterer Teil steht in der Tabelle der Änderungen (CSV).
       *[other] { $count } weitere Teile stehen in der Tabelle der Änderungen (CSV).
    }
change-too-long = Was sich daran änderte, ist zu lang für diese Seite.
change-alone = Allein zeigen
changes-created =
    { $count ->
        [one] { $count } erstellt
       *[other] { $count } erstellt
    }
changes-deleted =
    { $count ->
        [one] { $count } gelöscht
       *[other] { $count } gelöscht
    }
changes-modified =
    { $count ->
        [one] { $count } geändert
       *[other] { $count } geändert
    }
changes-activated =
    { $count ->
        [one] { $count } Rolle aktiviert
       *[other] { $count } Rollen aktiviert
    }
changes-ended =
    { $count ->
        [one] { $count } Aktivierung beendet
       *[other] { $count } Aktivierungen beendet
    }
changes-observed =
    { $count ->
        [one] { $count } nur beobachtet
       *[other] { $count } nur beobachtet
    }
changes-byService =
    { $count ->
        [one] { $count } von Microsoft
       *[other] { $count } von Microsoft
    }
changes-privileged =
    { $count ->
        [one] { $count } privilegiert
       *[other] { $count } privilegiert
    }
what-created = erstellt
what-deleted = gelöscht
what-modified = geändert
what-moved = verschoben
what-activated = Rolle aktiviert
what-ended = Aktivierung beendet
who-exact = von
who-probably = wahrscheinlich von
who-noRecordFound = von wem, steht nicht in Microsofts Protokoll
who-notGranted = von wem, ist nicht bekannt: Die Berechtigung AuditLog.Read.All fehlt
who-notRead = von wem, ist nicht bekannt: Das Protokoll konnte nicht gelesen werden
who-olderThanMicrosoftKeeps = von wem, ist nicht bekannt: Microsoft bewahrte das Protokoll nicht länger auf
who-recordedElsewhere = von wem, steht in einem anderen Protokoll, das nicht gelesen wird
who-collectionBeganLater = von wem, ist nicht bekannt: Das Protokoll wird erst seit danach gesammelt
who-may-still-come = Ein Eintrag, der anderes sagt, kann noch kommen.

## Restores

restores-caption =
    { $count ->
        [one] { $count } Wiederherstellung auf dieser Seite, die neueste zuerst
       *[other] { $count } Wiederherstellungen auf dieser Seite, die neueste zuerst
    }
restores-empty = Noch wurde nichts wiederhergestellt. Vergleichen Sie einen Snapshot mit dem jetzigen Mandanten und haken Sie an, was zurückkommen soll.
restores-waiting = Nur die, die auf eine Zustimmung warten
restores-none-wait = Keine Wiederherstellung wartet auf eine Zustimmung.
restores-partial = beendet, nicht ganz
restore-title = Wiederherstellung
restore-receipt = Beleg einer Wiederherstellung
restore-step-choose = Auswählen
restore-step-preview = Vorschau
restore-step-run = Ausführen
restore-step-receipt = Beleg
restore-previewing = Vorschau wird gemacht
restore-previewed = vorab angesehen, noch nichts geschrieben
restore-queued = wartet auf Ausführung
restore-running = läuft
restore-done = beendet
restore-failed = fehlgeschlagen
restore-cancelled = abgebrochen
restore-waits = Es wartet auf die Zustimmung einer anderen Person.
restore-by = von
restore-reason = Wofür
restore-reason-hint = In einer Zeile; der Beleg bewahrt sie.
restore-ticket = Ticket
restore-delete-created = Auch löschen, was seither dazukam, wo es gewählt ist
restore-blocked = Personen, die zurückkommen, können sich nicht anmelden
restore-counts = Schritte
restore-count-verified =
    { $count ->
        [one] { $count } geprüft oder schon so
       *[other] { $count } geprüft oder schon so
    }
restore-count-unverified =
    { $count ->
        [one] { $count } geschrieben, nicht geprüft
       *[other] { $count } geschrieben, nicht geprüft
    }
restore-count-failed =
    { $count ->
        [one] { $count } fehlgeschlagen
       *[other] { $count } fehlgeschlagen
    }
restore-count-skipped =
    { $count ->
        [one] { $count } übersprungen
       *[other] { $count } übersprungen
    }
restore-began = Begonnen
restore-ended = Beendet
restore-expected = Endet voraussichtlich
restore-expires = Ausführbar bis
restore-approved-by = Zugestimmt von
restore-run-by = Ausgeführt von
restore-of = Nimmt Änderungen zurück von einem
restore-undoes = Macht rückgängig
restore-plan = Hash des Plans
restore-not-permitted = Die schreibende Anwendung hat keine Berechtigung für: { $what }
restore-conflict = Der Platz ist besetzt: { $property } „{ $value }“, von
restore-approve = Zustimmen
restore-cancel = Abbrechen
restore-again = Noch einmal vorab ansehen
restore-undo = Rückgängigmachen vorab ansehen
restore-export = Signierter Beleg
restore-confirm = Name des Kunden
restore-confirm-hint = Das schreibt viel oder ändert Rechte: Geben Sie „{ $name }“ ein.
restore-run =
    { $count ->
        [one] Diesen { $count } Schritt ausführen
       *[other] Diese { $count } Schritte ausführen
    }
restore-caption =
    { $count ->
        [one] { $count } Schritt auf dieser Seite, der Reihe nach
       *[other] { $count } Schritte auf dieser Seite, der Reihe nach
    }
restore-no-steps = Nichts ist zu schreiben: Alles ist, wie es war.
restore-nothing-written = Nichts ist zu schreiben. Was abweicht, bleibt, wie es ist, und ist unten genannt.
restore-properties =
    { $count ->
        [one] { $count } Eigenschaft
       *[other] { $count } Eigenschaften
    }
restore-impossible = Was nicht wiederhergestellt werden kann
restore-left-by-mode = Was abweicht und bleibt, wie es ist
left-by-attributes = was damals leer war, behält seinen Wert
left-by-links = was seither dazukam, bleibt
restore-left = Was Menschen noch tun müssen
restore-nothing-left = Nichts ist mehr zu tun.
outcome-none = nicht begonnen
outcome-started = begonnen
outcome-verified = geprüft
outcome-unverified = geschrieben, nicht geprüft
outcome-differs = geschrieben, danach anders gelesen
outcome-already = war schon so
outcome-skipped = übersprungen
outcome-failed = fehlgeschlagen
action-undelete = aus dem Papierkorb holen
action-adopt = nehmen, was an seiner Stelle ist
action-create = neu erstellen
action-update = schreiben
action-act = setzen
action-addLinks = hinzufügen
action-removeLink = entfernen
action-removeOtherLinks = alle anderen entfernen
action-assign = zuweisen
action-assignLicences = Lizenzen zuweisen
action-issuePass = einen Befristeten Zugriffspass erstellen
action-delete = löschen
remark-noAdministrator = Kein Administrator bliebe übrig.
remark-oneAdministrator = Nur ein Administrator bliebe übrig.
remark-administratorsUnknown = Wer den Mandanten verwaltet, konnte nicht gelesen werden.
warning-losesMembers = verliert zeitweise seine Mitglieder
warning-passwordReset = bekommt ein Kennwort, das niemand kennt
warning-finalDeletion = wird endgültig gelöscht
warning-comparedLater = wird erst bei der Ausführung verglichen
warning-emptiesLater = wird bei der Ausführung vielleicht geleert
warning-newId = bekommt eine neue Id
warning-tenureUnknown = für wie lange ist nicht bekannt
warning-blocked = kommt gesperrt zurück
warning-restricted = ist in einer eingeschränkten Einheit
warning-otherEnds = braucht Rechte über seine Mitglieder
warning-incomingUnseen = was darauf verwies, wurde nicht gesehen
warning-formerListed = frühere Zuweisungen stehen vielleicht noch da
warning-nameForAWhile = hat einen anderen Namen, bis der eigene frei ist
warning-signsInByPass = wer den Pass liest, kann sich als diese Person anmelden
warning-passPolicyUnknown = ob die Richtlinie Pässe erlaubt, ist nicht bekannt
warning-passPolicyOfGroups = die Richtlinie erlaubt Pässe nur einigen Gruppen
warning-endUnknown = wer die Rolle hat, ist nicht bekannt
cause-refused = von Graph abgelehnt
cause-denied = keine Berechtigung
cause-notFound = nicht gefunden
cause-conflict = Konflikt
cause-unavailable = nicht erreichbar
cause-notSeen = nach dem Schreiben nicht gesehen
cause-unreadable = nicht lesbar
cause-cancelled = abgebrochen
cause-dependencyFailed = was es braucht, schlug fehl
cause-ownAccess = ist Holdfasts eigener Zugang
cause-lockOut = würde alle aussperren
cause-changedSincePreview = seit der Vorschau geändert
cause-gone = ist weg
cause-expired = ist abgelaufen
todo-givePassword = ein Kennwort geben
todo-handOverPass = den Zugriffspass übergeben
todo-registerMethods = Anmeldemethoden registrieren
todo-allowSignIn = die Anmeldung erlauben
todo-consentAgain = noch einmal zustimmen
todo-replaceId = die Id ersetzen
todo-enterSecret = das Geheimnis eintragen
todo-restoreElsewhere = anderswo wiederherstellen
todo-invite = einladen
todo-changeAtSource = an der Quelle ändern
todo-findLicence = eine Lizenz beschaffen
todo-grantPermission = die Berechtigung erteilen
todo-doByHand = von Hand tun
todo-decide = entscheiden
owner-person = die Person
owner-helpdesk = Helpdesk
owner-administrator = Administrator
owner-deviceAdministrator = Geräteadministrator
owner-licenceAdministrator = Lizenzadministrator
owner-directoryAdministrator = Verzeichnisadministrator
owner-technician = Techniker
duty-done = erledigt
duty-open = offen
duty-unseen = nicht zu sehen

## Histories, explanations and coverage

head-when = Wann
head-from-to = Von – bis
head-reach = Wie weit es abgedeckt ist
head-number = Objekte mit einem Wert
history-title = Verlauf
history-caption =
    { $count ->
        [one] { $count } Fassung auf dieser Seite, die neueste zuerst
       *[other] { $count } Fassungen auf dieser Seite, die neueste zuerst
    }
history-nothing = Seit es zum ersten Mal enthalten war, hat sich nichts geändert.
history-nothing-yet = In diesem Teil der Zeit hat sich nichts geändert; weiter mit „Weiter“.
history-of-link = Nur von der Verknüpfung
history-of-object = Das ganze Objekt zeigen
history-link = ihr Verlauf
history-since = war anders
history-continued = Setzt die Seite davor fort.
history-no-comparison = nicht unter den neuesten Vergleichen
history-comparison = Im Vergleich ansehen
history-told-since = Alles wird erzählt seit
history-complete = Das reicht bis zum Anfang zurück, und nichts ist ausgelassen.
history-not-complete = Das ist nicht alles: Es geht weiter, oder etwas war unterwegs nicht enthalten.
history-gap = { $what } war nicht enthalten ab
history-unreadable = Dieser Snapshot kann nicht gelesen werden:
history-known-as = Unter welchen Ids es war
history-guessed = eine Vermutung, weil beide gleich sind in { $property }
happened-created = angelegt
happened-recreated = neu angelegt
happened-restored = kam aus dem Papierkorb zurück
happened-modified = geändert
happened-softDeleted = gelöscht, im Papierkorb
happened-hardDeleted = endgültig gelöscht
happened-deleted = gelöscht
explain-title = Warum etwas eine Änderung war oder keine
explain-link = warum?
explain-path = Pfad im Objekt
explain-hint = Wie eine Änderung ihn nennt, etwa employeeOrgData/division.
explain-button = Erklären
explain-how = Geben Sie an, was eine Änderung nennt: die Art, die Id und einen Pfad. Gesagt wird, was der Vergleich daraus macht.
explain-back = Zurück zum Vergleich
verdict-change = Es ist eine Änderung
verdict-derived = Es folgt aus etwas anderem
verdict-observed = Es wurde nur beobachtet
verdict-service = Microsoft hat es getan
verdict-same = Es ist auf beiden Seiten gleich
verdict-saidOtherwise = Es sagt dasselbe auf andere Weise
verdict-volatile = Es ändert sich von selbst
verdict-note = Es ist eine Notiz von Graph
verdict-notRead = Eine Seite hat es nicht gelesen
verdict-everywhere = Es kam oder ging bei allen Objekten zugleich
verdict-created = Das Objekt kam damit
verdict-deleted = Das Objekt ging damit
verdict-nowhere = Keine Seite hat es
coverage-title = Abdeckung nach Eigenschaft
coverage-back = Zurück zum Snapshot
coverage-relation = Beziehung
coverage-caption =
    { $count ->
        [one] { $count } Eigenschaft auf dieser Seite
       *[other] { $count } Eigenschaften auf dieser Seite
    }
coverage-empty = Noch kein Objekt dieser Art wurde angesehen.
coverage-looked =
    { $count ->
        [one] { $count } Objekt wurde für diese Seite angesehen.
       *[other] { $count } Objekte wurden für diese Seite angesehen.
    }
coverage-goes-on = Weitere folgen: Die Zahlen aller Seiten ergeben zusammen das Ganze.
reach-not-captured = nicht erfasst
reach-captured = erfasst
reach-comparable = erfasst und verglichen
reach-restorable = erfasst, verglichen und zurückspielbar
limit-identity = Es sagt, welches Objekt es ist.
limit-annotation = Es ist eine Notiz von Graph.
limit-volatile = Es ändert sich von selbst.
limit-set-by-service = Microsoft setzt es.
limit-create-only = Es kann nur gesetzt werden, wenn das Objekt angelegt wird.
gap-denied = Die Berechtigung fehlt.
gap-unlicensed = Die Lizenz fehlt.
gap-denied-or-unlicensed = Die Berechtigung oder die Lizenz fehlt.
gap-unknown-to-graph = Graph kennt es in diesem Mandanten nicht.
gap-refused = Graph hat es verweigert.
gap-unreadable = Es konnte nicht gelesen werden.
gap-unavailable = Graph war nicht erreichbar.
gap-too-many = Es gibt mehr, als gelesen wird.
gap-not-granted = Niemand hat zugestimmt.
gap-not-asked = Danach wurde nicht gefragt.
gap-not-proven = Ob alles gelesen wurde, ist nicht bewiesen.

## Search, filters and downloads

search-filter = Filter (OData)
search-time = Stand vom (UTC)
search-filter-help = Wie ein Filter geschrieben wird
search-filter-text = Wählen Sie eine Art und vergleichen Sie ihre Eigenschaften mit eq, ne, gt, ge, lt, le, in, startswith, endswith und contains, verbunden mit and, or und not; any sieht in Listen nach. Texte stehen in einfachen Anführungszeichen.
search-wrong = Nichts wurde gesucht: Berichtigen Sie, was oben markiert ist.
search-before-all = Zu dieser Zeit gab es noch keinen Snapshot.
search-in-bin = Im Papierkorb:
search-undecided =
    { $count ->
        [one] Von { $count } Objekt weiß der Snapshot nicht, wonach der Filter fragt; es steht nicht in der Liste.
       *[other] Von { $count } Objekten weiß der Snapshot nicht, wonach der Filter fragt; sie stehen nicht in der Liste.
    }
object-then = Stand von damals zeigen
object-not-then = Der Snapshot dieser Zeit enthält es nicht.
object-history = Verlauf
page-downloads = Downloads
head-of = Wovon
head-records = Zeilen
head-ends = Wird entfernt
downloads-caption =
    { $count ->
        [one] { $count } Download auf dieser Seite, der neueste zuerst
       *[other] { $count } Downloads auf dieser Seite, der neueste zuerst
    }
downloads-empty = Keine Datei ist da. Jede bleibt 24 Stunden, nachdem sie angefordert wurde.
downloads-new = Eine Datei erstellen
downloads-make = Datei erstellen
downloads-all-kinds = Alles, was er enthält
downloads-format = Form der Datei
downloads-one = Download
downloads-fetch = Datei holen
downloads-expected = von { $count }
downloads-bytes = Bytes
format-csv = Tabelle für eine Tabellenkalkulation (CSV)
format-json-lines = JSON, ein Objekt je Zeile
snapshot-download = Daraus herunterladen
job-of-downloads = Download

## Filters of a comparison

compare-name = Teil des Objektnamens oder die Id
compare-property = Eigenschaft oder Art der Verknüpfung
compare-actor = Gemacht von
compare-weight = Bedeutung
compare-class = Sorte
compare-order = Reihenfolge
compare-nothing-such = Keine Änderung ist so.
compare-nothing-yet = Nichts in diesem Teil; weiter mit „Weiter“.
weight-70 = um Rechte, oder Konten, die welche haben
weight-10 = alles, was jemand gemacht hat
class-change = jemand hat es gemacht
class-derived = folgt aus etwas anderem
class-observed = nur beobachtet
class-service = Microsoft hat es gemacht
order-weight = das Wichtigste zuerst
order-key = nach Art und Id

## Settings

page-settings = Einstellungen
settings-backup = Sicherung
settings-per-day = Snapshots am Tag
settings-per-day-hint = Von 1 bis 24, gleichmäßig über den Tag verteilt.
settings-features = Die Leute des Kunden dürfen
settings-none = nichts
settings-change = Ändern
settings-by-partner = Das ändert Ihr Partner.

## An edit that somebody else was ahead of

head-field = Feld
head-now = Wie es jetzt ist
head-yours = Wie Sie es wollten
stale-caption = Beide Fassungen
stale-text = Jemand hat eine Änderung gespeichert, nachdem Sie die Seite geöffnet hatten. Ihre wurde nicht gespeichert.
stale-differs = verschieden
stale-save = Meine darüber speichern
stale-leave = Es lassen, wie es jetzt ist

## Notifications

page-notifications = Benachrichtigungen
head-topic = Thema
notifications-caption =
    { $count ->
        [one] { $count } Person auf dieser Seite
       *[other] { $count } Personen auf dieser Seite
    }
notifications-text = Wovon jede Person per Mail hört, und wie oft. Was niemand gewählt hat, folgt der Rolle.
notifications-mine = Meine Benachrichtigungen
notifications-not-yours = Ein Inhaber oder Super-Admin sieht, wovon alle hören.
notifications-one = Benachrichtigungen einer Person
notifications-one-caption = Wie oft jedes Thema gemeldet wird
notifications-none = Es gibt kein Thema, von dem diese Rolle hören darf.
notifications-not-open = der Rolle nicht offen
notifications-chosen = gewählt
notifications-reach = Mail kommt an
notifications-try = Wieder Mail senden
notifications-as-role = Wie es die Rolle vorsieht
notifications-next = Nächste Sammelmail, falls es etwas zu melden gibt:
notifications-owner = Nur ein Inhaber ändert das für andere.
notifications-only = nur über
notifications-hour = Stunde, zu der Sammelmails verschickt werden
notifications-hour-hint = Von 0 bis 23, dort, wo die Person ist.
topic-errors = Fehler
topic-changes = Änderungen
topic-privileged-changes = Privilegierte Änderungen
topic-seats = Plätze
topic-credentials = Verbindungen
topic-restores = Wiederherstellungen
topic-invoices = Rechnungen
topic-approvals = Freigaben
often-immediate = sofort
often-daily = täglich
often-weekly = wöchentlich
often-monthly = monatlich
often-never = nie
trouble-bounced = kam zurück
trouble-suppressed = vom Maildienst unterdrückt
trouble-complained = als Spam gemeldet
trouble-refused = vom Maildienst abgelehnt

## People and rights

page-rights = Rechte
head-right = Darf
rights-text = Das ist die Tabelle, nach der jede Anfrage beurteilt wird, ob von einer Seite oder einem Programm.
rights-caption = Wer was darf
person-sees = Sieht
person-sees-all = alle Organisationen
person-sees-some =
    { $count ->
        [one] { $count } Organisation
       *[other] { $count } Organisationen
    }
sees-all = alle Organisationen
sees-some = nur die unten angekreuzten
person-change = Ändern
person-owner = Nur ein Inhaber ändert andere Personen.
person-rights = Was diese Person darf
person-sessions = Sitzungen
person-no-sessions = Diese Person ist nirgends angemeldet.
person-more = Hier stehen nur die ersten 200 Organisationen; die API nimmt jede.
person-tokens = Es ist gespeichert. Diese API-Token der Person wurden damit widerrufen oder eingeschränkt:
mark-good = bekannt gut
mark-expected = erwartet:
mark-say-good = Als bekannt gut kennzeichnen
mark-note = Was andere darüber wissen sollen
mark-take-back = Nicht mehr als bekannt gut kennzeichnen
right-readPartner = Den Partner und seine Organisationen sehen
right-managePeople = Personen und Partner darunter verwalten
right-managePlans = Pläne anlegen und Entra aktivieren
right-changeSubscription = Plan und Plätze ändern
right-manageOrganisation = Organisationen anlegen, aussetzen und reaktivieren
right-editOrganisation = Eine Organisation bearbeiten und ihr Portal öffnen
right-connectOrganisation = Einen Mandanten verbinden
right-endOrganisation = Eine Organisation kündigen, übergeben und löschen
right-useSnapshots = Snapshots erstellen und durchsuchen
right-compare = Vergleichen
right-previewRestore = Eine Vorschau einer Wiederherstellung erstellen
right-runRestore = Eine Wiederherstellung ausführen, abbrechen und zurücknehmen
right-approveRestore = Eine Wiederherstellung anderer freigeben
right-setApprovals = Bestimmen, welche Wiederherstellungen auf Freigabe warten
right-download = Herunterladen
right-mark = Notfallkonten, gute Snapshots und erwartete Änderungen markieren
right-readAccessPass = Einen befristeten Zugriffspass lesen, einmal
right-readMoney = Preise, Nutzung und Rechnungen sehen
right-manageMoney = Preise ändern
right-manageTokens = API-Token erstellen und widerrufen
right-readAudit = Das Protokoll lesen
right-exportAudit = Das Protokoll exportieren und prüfen
right-askDowngrade = Um einen kleineren Plan bitten
right-approveDowngrade = Über kleinere Pläne entscheiden
condition-notOfOwners = ja, aber nicht bei Inhabern
condition-ownOrganisation = ja, für eigene Organisationen
condition-featureOn = ja, wo es eingeschaltet ist
condition-featureOnAndApproved = ja, wo es eingeschaltet ist und jemand vom Partner freigibt
condition-topPartner = ja, beim obersten Partner

## An organisation’s own token

access-page = Eigenes Token und offene Portale
access-token = Eigenes Token der Organisation
access-token-text = Mit diesem Token benutzen die eigenen Programme des Kunden die API. Es öffnet, was für den Kunden eingeschaltet ist.
access-no-token = Es gibt noch kein Token.
access-opens = Öffnet
access-renew = Neu erstellen
access-revoke = Widerrufen
access-renew-means = Neu erstellt tritt es an die Stelle des vorigen, das dann nicht mehr gilt.
access-not-yours = Ein Inhaber oder Super-Admin verwaltet das eigene Token der Organisation.
access-sessions = Portale, die Zugangslinks geöffnet haben
access-no-sessions = Kein Portal des Kunden ist offen.
head-by = Von

## Transfers, invoices and several organisations at once

head-above = Partner darüber
transfer-title = Übergabe
transfer-from = Angeboten von
transfer-needs = Was zum Annehmen nötig ist
transfer-needs-plan = Einer Ihrer eigenen Pläne, den die Organisation von da an bezahlt.
transfer-sku-on = Entra ist für Ihren Partner aktiv: Pläne mit dem Label Entra können gewählt werden.
transfer-sku-off = Entra ist für Ihren Partner nicht aktiv: Ohne das kann kein Plan mit dem Label Entra angelegt werden.
transfer-keeps = Der Mandant, seine Snapshots und sein Verlauf bleiben bei der Organisation.
transfer-pays =
    { $count ->
        [one] { $count } Platz wird Ihnen von da an berechnet.
       *[other] { $count } Plätze werden Ihnen von da an berechnet.
    }
transfer-accept = Annehmen
usage-invoice = Rechnung dieses Monats
usage-part = Das sind die Summen dieser Seite: Die aller Seiten zusammen sind, was der Monat kostet.
invoice-title = Rechnung
invoice-number = Nummer
head-changes = Änderungen an einem Tag
head-sort = Reihenfolge
sort-name = nach Namen
sort-last-snapshot = ältester Snapshot zuerst
sort-seats = nach zu viel belegten Plätzen
sort-changes = nach Änderungen
organisations-late = verspätet
organisations-not-held =
    { $count ->
        [one] vollständig bis auf { $count } Teil
       *[other] vollständig bis auf { $count } Teile
    }
organisations-only-first = Nicht alle Organisationen konnten angesehen werden.
bulk-title = Mehrere Organisationen auf einmal
bulk-act = Mit den angekreuzten
bulk-button = Ausführen
bulk-choose = Auswählen
bulk-caption =
    { $count ->
        [one] { $count } Organisation
       *[other] { $count } Organisationen
    }
bulk-result = Ausgeführt bei { $done } von { $all }.
bulk-refused = nicht ausgeführt
bulk-snapshot = Jetzt sichern
bulk-suspend = Aussetzen
bulk-reactivate = Reaktivieren
bulk-done-snapshot = Snapshot angefordert
bulk-done-suspend = ausgesetzt
bulk-done-reactivate = reaktiviert

## The jobs of a partner, and search over all snapshots

standing-open = im Gange
standing-previewed = Vorschau liegt vor
standing-done = fertig
standing-failed = fehlgeschlagen
standing-cancelled = angehalten
standing-ended = entfernt
work-unknown = nicht lesbar
work-nothing-yet = Nichts in diesem Teil; weiter mit „Weiter“.
work-gone =
    { $count ->
        [one] { $count } Auftrag ist ausgelassen: Seine Organisation ist nicht mehr hier.
       *[other] { $count } Aufträge sind ausgelassen: Ihre Organisationen sind nicht mehr hier.
    }
work-not-complete = Nicht alles konnte gelesen werden.
ever-title = In allen Snapshots suchen
ever-one = In einem Snapshot suchen
ever-how = Geben Sie einen Teil eines Namens, eines Anmeldenamens oder einer Adresse ein, oder eine Id: Auch Verschwundenes wird gefunden.
head-held-from = Enthalten von – bis
head-left = Jetzt
ever-first = zuerst
ever-last = zuletzt
ever-there = ist da
ever-not-whole = mit Lücken
ever-back-to = Gesucht bis zurück zu diesem Snapshot
