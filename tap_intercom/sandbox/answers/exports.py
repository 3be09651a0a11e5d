"""What do exports answer?"""

from __future__ import annotations

from ..endpoint import Endpoint, names
from ..exports import (
    content_file,
    content_status,
    datasets,
    export_content,
    export_report,
    report_file,
    report_status,
)
from ..records.exports import CONTENT, DATASETS, GROUPS, REPORT

CONTENTS = " ".join(["content_export", *(CONTENT + one for one in GROUPS)])
REPORTS = " ".join(["reporting_data", *(REPORT + one for one in DATASETS)])
V2_14 = (2, 14)

ENDPOINTS = (
    Endpoint("POST", "/export/content/data", CONTENTS, export_content),
    Endpoint("GET", "/export/content/data/{job}", CONTENTS, content_status),
    Endpoint("GET", "/download/content/data/{job}", CONTENTS, content_file),
    Endpoint("GET", "/export/reporting_data/get_datasets", REPORTS, datasets, V2_14),
    Endpoint("POST", "/export/reporting_data/enqueue", REPORTS, export_report, V2_14),
    Endpoint(
        "GET",
        "/export/reporting_data/{job}",
        REPORTS,
        report_status,
        V2_14,
        names("app_id client_id job_identifier"),
    ),
    Endpoint(
        "GET",
        "/download/reporting_data/{job}",
        REPORTS,
        report_file,
        V2_14,
        names("app_id job_identifier"),
    ),
)
