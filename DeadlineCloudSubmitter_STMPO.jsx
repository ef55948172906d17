/* STMPO for After Effects: submit the render queue to AWS Deadline Cloud. This file and the folder
   DeadlineCloudSubmitter_Assets beside it belong into "ScriptUI Panels" ("stmpo panel install" puts them there). The panel is
   then in the Window menu. Run with File > Scripts, it opens as a window. The guide is docs/panel.md. */

//@include "DeadlineCloudSubmitter_Assets/panel/text.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/files.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/frames.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/settings.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/queue.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/footage.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/links.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/fonts.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/checks.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/template.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/bundle.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/plan.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/submit.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/ui_list.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/ui_settings.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/ui_submit.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/ui.jsxinc"

STMPO.start = function (host, script) {
    try {
        STMPO.home = STMPO.files.join(new File(script).parent.fsName, "DeadlineCloudSubmitter_Assets");
        var own = STMPO.files.readText(STMPO.files.join(STMPO.home, "panel", "settings.json"));
        STMPO.settings.declare(STMPO.template.load().parameters, STMPO.json.read(own));
    } catch (error) { return alert("STMPO cannot start: " + error.message); }
    STMPO.ui.open(host);
};

STMPO.start(this, $.fileName);
