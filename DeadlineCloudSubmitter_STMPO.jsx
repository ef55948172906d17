/* STMPO for After Effects: the render queue to AWS Deadline Cloud. This file and the folder
   DeadlineCloudSubmitter_Assets beside it go into "ScriptUI Panels" (`stmpo panel install` does that); then it is a
   dockable panel under Window. Run as a script (File > Scripts), it opens a window. docs/panel.md is the guide. */

//@include "DeadlineCloudSubmitter_Assets/panel/text.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/files.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/frames.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/settings.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/queue.jsxinc"
//@include "DeadlineCloudSubmitter_Assets/panel/footage.jsxinc"
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
