//! What the simulator knows of the world: kinds of products, the words that give them away, what is kept in them, what
//! people do there. Data only. Stems of a few other languages are among the words, so that ideas in them are met halfway.

/// A kind of product.
#[derive(Debug)]
pub(super) struct Domain {
    /// Words (whole or as beginnings, from four letters on) that speak for it.
    pub(super) words: &'static [&'static str],
    /// What it is mainly about, in the singular, with its columns.
    pub(super) main: (&'static str, &'static [&'static str]),
    /// What belongs to that.
    pub(super) second: (&'static str, &'static [&'static str]),
    /// Who uses it, who looks after it.
    pub(super) roles: (&'static str, &'static str),
    /// A rule of the trade, as a limit that must hold.
    pub(super) limit: &'static str,
}

macro_rules! domains {
    ($([$($word:literal)+] $main:literal($($c1:literal)+) $second:literal($($c2:literal)+) $role:literal/$staff:literal $limit:literal;)+) => {
        &[$(Domain {
            words: &[$($word),+], main: ($main, &[$($c1),+]), second: ($second, &[$($c2),+]),
            roles: ($role, $staff), limit: $limit,
        }),+]
    };
}

pub(super) const DOMAINS: &[Domain] = domains! {
    ["gym" "fitness" "workout" "trainer" "yoga" "pilates" "gimnasio" "fitnessstudio" "sportstudio"]
        "booking"("member" "class" "starts_at" "state") "class"("title" "trainer" "starts_at" "places") "member"/"trainer" "a class never has more bookings than places";
    ["recipe" "cook" "ingredient" "meal" "kitchen" "bake" "rezept" "kochen" "receta" "cocina" "recette" "cuisine"]
        "recipe"("title" "servings" "minutes" "method") "ingredient"("name" "amount" "unit" "position") "cook"/"editor" "the amounts of a recipe always add up for the chosen number of servings";
    ["restaurant" "table" "dinner" "menu" "waiter" "cafe" "reservation"]
        "reservation"("guest" "table_number" "starts_at" "party_size") "table"("number" "seats" "area" "state") "guest"/"host" "a table is never reserved twice for the same time";
    ["clinic" "doctor" "patient" "appointment" "dentist" "therap" "arzt" "praxis" "medical" "medico"]
        "appointment"("patient" "practitioner" "starts_at" "reason") "patient record"("name" "birth_date" "contact" "remarks") "patient"/"practitioner" "a practitioner never has two appointments at the same time";
    ["school" "student" "homework" "teacher" "lesson" "classroom" "course" "schule" "lehrer" "escuela" "tutor" "exam"]
        "assignment"("title" "course" "due_at" "points") "submission"("student" "handed_in_at" "text" "grade") "student"/"teacher" "a submission after the due time is marked late";
    ["flashcard" "vocabulary" "quiz" "language" "vokabel" "memoriz" "memoris" "spaced"]
        "card"("front" "back" "language" "due_at") "deck"("title" "language" "size" "owner") "learner"/"author" "a card comes back later each time that it is known";
    ["garden" "plant" "seed" "vegetable" "allotment" "garten" "kleingarten" "pflanz" "jardin" "water"]
        "plant"("name" "bed" "planted_on" "needs_water_on") "bed"("name" "size" "soil" "sun") "gardener"/"garden keeper" "a plant that needs water today stands at the top of the list";
    ["dog" "cat" "animal" "shelter" "walker" "veterinar" "hund" "tier" "perro" "mascota"]
        "visit"("animal" "sitter" "starts_at" "remarks") "animal"("name" "kind" "age" "needs") "owner"/"sitter" "an animal is never in two visits at once";
    ["travel" "trip" "itinerary" "hotel" "flight" "vacation" "holiday" "reise" "viaje" "voyage"]
        "trip"("title" "begins_on" "ends_on" "budget") "stop"("place" "arrives_at" "leaves_at" "remarks") "traveller"/"organiser" "two stops of a trip never overlap in time";
    ["event" "concert" "festival" "conference" "meetup" "party" "wedding" "veranstaltung" "evento"]
        "event"("title" "place" "starts_at" "places") "registration"("person" "state" "registered_at" "remarks") "attendee"/"organiser" "an event never has more registrations than places";
    ["apartment" "flat" "tenant" "landlord" "rent" "estate" "wohnung" "miete" "mieter" "housing"]
        "repair request"("flat" "title" "urgency" "state") "flat"("address" "floor" "tenant" "rent") "tenant"/"landlord" "an urgent request is seen by the landlord within an hour";
    ["hiring" "candidate" "recruit" "vacancy" "resume" "career" "bewerb" "empleo"]
        "application"("candidate" "position" "stage" "received_at") "interview"("application" "starts_at" "interviewer" "verdict") "candidate"/"recruiter" "an application is in exactly one stage";
    ["invoice" "freelanc" "billing" "accounting" "rechnung" "factura" "client"]
        "invoice"("number" "client" "due_on" "total") "line item"("text" "quantity" "unit_price" "tax_rate") "freelancer"/"accountant" "numbers of invoices are without gaps and never change once sent";
    ["expense" "budget" "money" "spending" "saving" "finance" "ausgaben" "gasto" "depense" "roommate"]
        "expense"("title" "amount" "paid_by" "spent_on") "category"("name" "budget" "period" "colour") "payer"/"treasurer" "the shares of an expense always add up to its amount";
    ["task" "todo" "to-do" "chore" "checklist" "kanban" "productivity" "aufgabe" "tarea" "tache"]
        "task"("title" "assignee" "due_on" "state") "list"("title" "colour" "owner" "position") "person"/"list owner" "a task is in exactly one list and one state";
    ["inventory" "stock" "warehouse" "supplier" "lager" "bestand" "almacen"]
        "item"("name" "sku" "quantity" "reorder_at") "movement"("item" "quantity" "reason" "moved_at") "clerk"/"stock manager" "the quantity of an item is always the sum of its movements";
    ["shop" "store" "product" "cart" "order" "sell" "marketplace" "bakery" "tienda" "boutique" "laden"]
        "order"("customer" "state" "placed_at" "total") "product"("name" "price" "stock" "description") "customer"/"shopkeeper" "a product is never sold beyond its stock";
    ["library" "book" "reading" "author" "novel" "bibliothek" "buch" "biblioteca" "libro" "livre"]
        "loan"("book" "reader" "due_on" "returned_on") "book"("title" "author" "isbn" "copies") "reader"/"librarian" "a copy is never lent to two readers at once";
    ["blog" "article" "journal" "diary" "note" "writing" "newsletter" "tagebuch" "notiz"]
        "entry"("title" "text" "written_on" "state") "tag"("name" "colour" "uses" "owner") "writer"/"editor" "a draft is never shown to anybody but its writer";
    ["music" "band" "song" "playlist" "rehearsal" "choir" "orchestra" "musik" "musica" "chor"]
        "rehearsal"("title" "place" "starts_at" "programme") "song"("title" "composer" "length" "sheet") "musician"/"band leader" "every musician has said yes or no before the rehearsal begins";
    ["football" "soccer" "league" "team" "tournament" "match" "tennis" "verein" "chess" "coach"]
        "match"("home" "guest" "starts_at" "result") "team"("name" "captain" "players" "colour") "player"/"coach" "a team never plays two matches at the same time";
    ["ride" "carpool" "driver" "commute" "car" "bike" "taxi" "fahrt" "auto"]
        "ride"("driver" "from_place" "to_place" "leaves_at") "seat"("ride" "passenger" "state" "asked_at") "passenger"/"driver" "a ride never has more passengers than seats";
    ["tool" "lend" "borrow" "neighbour" "neighbor" "share" "leihen" "nachbar" "vecino"]
        "loan"("thing" "borrower" "from_day" "to_day") "thing"("name" "owner" "condition" "picture") "neighbour"/"lender" "a thing is never lent to two people for the same day";
    ["volunteer" "charity" "donat" "nonprofit" "food bank" "shift" "ehrenamt" "spende" "voluntari"]
        "shift"("place" "starts_at" "ends_at" "people_needed") "sign-up"("volunteer" "shift" "state" "signed_up_at") "volunteer"/"coordinator" "a shift shows at any time how many people it still needs";
    ["photo" "picture" "album" "gallery" "camera" "foto" "imagen"]
        "photo"("title" "taken_at" "place" "file") "album"("title" "cover" "owner" "visibility") "photographer"/"album owner" "a photo is seen only where its album is";
    ["habit" "mood" "sleep" "health" "meditat" "calorie" "medicine" "medication" "pill" "gesund"]
        "log entry"("habit" "done_at" "amount" "remarks") "habit"("name" "goal" "rhythm" "colour") "person"/"companion" "a streak counts only days that were logged on the day";
    ["ticket" "support" "helpdesk" "issue" "complaint" "bug" "incident"]
        "ticket"("title" "requester" "urgency" "state") "answer"("ticket" "author" "text" "written_at") "requester"/"agent" "a ticket always has exactly one person who is responsible";
    ["poll" "vote" "survey" "feedback" "form" "umfrage" "encuesta"]
        "poll"("title" "closes_at" "state" "owner") "vote"("poll" "voter" "choice" "voted_at") "voter"/"poll owner" "nobody votes twice in the same poll";
    ["weather" "sensor" "temperature" "device" "energy" "solar" "iot" "meter"]
        "reading"("sensor" "value" "unit" "measured_at") "sensor"("name" "place" "kind" "battery") "observer"/"technician" "a reading is never changed after it was taken";
};

/// Roles that an idea may name.
pub(super) const ROLES: &[&str] = &[
    "member",
    "trainer",
    "admin",
    "teacher",
    "student",
    "parent",
    "customer",
    "guest",
    "patient",
    "doctor",
    "driver",
    "owner",
    "tenant",
    "landlord",
    "volunteer",
    "coordinator",
    "manager",
    "employee",
    "neighbour",
    "neighbor",
    "reader",
    "librarian",
    "player",
    "coach",
    "freelancer",
    "visitor",
    "organiser",
    "organizer",
    "moderator",
    "seller",
    "buyer",
    "gardener",
    "nurse",
    "musician",
    "traveller",
    "traveler",
    "child",
    "researcher",
    "chef",
    "cook",
];

/// Something that people do, the words that ask for it, and the requirement that it becomes.
#[derive(Debug)]
pub(super) struct Deed {
    pub(super) words: &'static [&'static str],
    pub(super) title: &'static str,
    pub(super) sentence: &'static str,
    /// With what stands between `Given` and the end of the line.
    pub(super) criteria: &'static [&'static str],
}

pub(super) const DEEDS: &[Deed] = &[
    Deed {
        words: &["remind", "reminder", "notif", "alert", "erinner", "recordar"],
        title: "Remind people in time",
        sentence: "The {role} is reminded of {a one} one day before it matters, and can turn reminders off.",
        criteria: &[
            "{a one} that matters tomorrow, when the daily run at 09:00 starts, then one reminder goes to its {role}.",
            "{a role} who turned reminders off, when the daily run starts, then nothing is sent to them.",
        ],
    },
    Deed {
        words: &["pay", "payment", "paid", "checkout", "subscription", "bezahl", "pagar", "payer"],
        title: "Pay for {a one}",
        sentence: "{A role} can pay for {a one} and gets a receipt; a payment that fails changes nothing.",
        criteria: &[
            "{a one} that is not paid, when the payment succeeds, then it is marked as paid and a receipt is stored.",
            "{a one} that is not paid, when the payment is declined, then it stays unpaid and the reason is shown.",
        ],
    },
    Deed {
        words: &["share", "invite", "family", "friend", "together", "teilen", "compartir", "partager"],
        title: "Share {many} with others",
        sentence: "{A role} can invite another person to {a one} by a link that ends after seven days.",
        criteria: &[
            "a link made today, when the invited person opens it, then they see that {one} and nothing else.",
            "a link made eight days ago, when it is opened, then it is refused with the words 'This link has ended'.",
        ],
    },
    Deed {
        words: &["rate", "rating", "review", "star", "comment", "bewert"],
        title: "Rate and comment",
        sentence: "{A role} can rate {a one} with one to five stars and one comment of at most 500 characters.",
        criteria: &[
            "{a one} with ratings 3 and 5, when the page is opened, then the average 4.0 and the number 2 are shown.",
            "{a role} who rated already, when they rate again, then the new rating replaces the old one.",
        ],
    },
    Deed {
        words: &["chat", "message", "discuss", "nachricht", "mensaje"],
        title: "Write to each other",
        sentence: "{A role} and {a staff} can write messages about {a one}; both see them in order of time.",
        criteria: &[
            "{a one} with two messages, when either side opens it, then both messages are shown, the older one first.",
            "a message of more than 2,000 characters, when it is sent, then it is refused and the text stays in the field.",
        ],
    },
    Deed {
        words: &["export", "csv", "pdf", "print", "download", "spreadsheet", "excel"],
        title: "Export {many}",
        sentence: "{A staff} can download all {many} of a period as a CSV file in UTF-8.",
        criteria: &[
            "three {many} in March, when March is exported, then the file has a header and three rows.",
            "a period without {many}, when it is exported, then the file has the header only.",
        ],
    },
    Deed {
        words: &["import", "upload", "scan", "attach", "hochladen"],
        title: "Bring existing {many} in",
        sentence: "{A staff} can upload a CSV file of {many}; rows that cannot be read are listed with their line.",
        criteria: &[
            "a file with nine good rows and one bad row, when it is uploaded, then nine {many} exist and line and reason of the tenth are shown.",
            "a file of more than 5 MB, when it is uploaded, then it is refused before anything is stored.",
        ],
    },
    Deed {
        words: &["calendar", "schedule", "weekly", "kalender", "calendario", "plan"],
        title: "See {many} in a calendar",
        sentence: "{A role} sees {many} by week and can move to the week before and after.",
        criteria: &[
            "{a one} on Wednesday of this week, when the calendar opens, then it stands on Wednesday.",
            "a week without {many}, when it is shown, then the page says that there are none.",
        ],
    },
    Deed {
        words: &["map", "location", "nearby", "gps", "karte", "mapa"],
        title: "Find {many} nearby",
        sentence: "{A role} sees {many} within a chosen distance of a place, nearest first.",
        criteria: &[
            "{many} at 1 km and at 9 km, when the distance is 5 km, then only the nearer one is listed.",
            "a browser that gives no place, when the list opens, then a field for the place is shown instead.",
        ],
    },
    Deed {
        words: &["statistic", "report", "dashboard", "chart", "analytics", "progress", "track", "overview"],
        title: "See how it develops",
        sentence: "{A staff} sees the number of {many} by week for the last twelve weeks.",
        criteria: &[
            "two {many} this week and one last week, when the overview opens, then the bars show 2 and 1.",
            "no {many} at all, when the overview opens, then it says that there is nothing to show.",
        ],
    },
    Deed {
        words: &["offline", "sync", "synchron"],
        title: "Work without a network",
        sentence: "{A role} can read {many} and make changes without a network; changes are sent when it is back.",
        criteria: &[
            "a device without network, when {a one} is changed, then the change is shown and marked as not sent.",
            "a change that waits, when the network is back, then it is sent once and the mark disappears.",
        ],
    },
    Deed {
        words: &["photo", "picture", "image", "foto", "bild"],
        title: "Add pictures",
        sentence: "{A role} can add up to five pictures of at most 5 MB each to {a one}.",
        criteria: &[
            "{a one} with four pictures, when a fifth is added, then all five are shown.",
            "a file that is no picture, when it is added, then it is refused and the others stay.",
        ],
    },
    Deed {
        words: &["waitlist", "waiting", "queue", "cancel", "storn"],
        title: "Wait for a free place",
        sentence: "{A role} who comes too late joins a waiting list; the first in line moves up when a place is free.",
        criteria: &[
            "no free place and one person waiting, when a place becomes free, then the first in line has it and is told.",
            "{a role} on the waiting list, when they leave it, then those behind them move up by one.",
        ],
    },
    Deed {
        words: &["search", "filter", "find", "suche", "buscar", "cherche"],
        title: "Find {many} by words",
        sentence: "{A role} finds {many} by any word in their text, without regard to case and accents.",
        criteria: &[
            "{a one} with the word 'Café', when 'cafe' is searched, then it is found.",
            "no {one} with the word, when it is searched, then the page says so and offers to clear the search.",
        ],
    },
];
